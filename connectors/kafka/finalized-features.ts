import { VERSION } from '../../schemas/version.ts'
import { CompactReader, CompactWriter } from './compact-fields.ts'
import { NO_TAGS } from './flexible-call.ts'
import { type Broker, throwIfRefused } from './internals.ts'
import { type RawCall, sendRaw } from './raw-call.ts'

const API_VERSIONS = 18
/** The first that has room for features. kafkajs ends at v2. */
const API_VERSIONS_VERSION = 3
const FINALIZED_FEATURES = 2

/** The features that all brokers of the cluster have agreed on, with their levels; none where brokers know none. */
export async function finalizedFeatures(broker: Broker): Promise<ReadonlyMap<string, number>> {
  if ((broker.versions?.[API_VERSIONS]?.maxVersion ?? 0) < API_VERSIONS_VERSION) return new Map()
  return await sendRaw(broker, apiVersionsCall())
}

function apiVersionsCall(): RawCall<ReadonlyMap<string, number>> {
  const body = new CompactWriter().text('everscore').text(VERSION).noTags()
  return {
    apiKey: API_VERSIONS,
    apiVersion: API_VERSIONS_VERSION,
    apiName: 'ApiVersions',
    pieces: [NO_TAGS, body.take()],
    // Unlike other answers of flexible versions it has no tagged fields in its header.
    response: { decode: async (raw) => decodeFeatures(new CompactReader(raw)), parse: async (features) => features },
  }
}

function decodeFeatures(answer: CompactReader): ReadonlyMap<string, number> {
  throwIfRefused(answer.int16())
  answer.each(() => {
    // A request's key and its lowest and highest version.
    answer.skip(2 + 2 + 2)
    answer.tags()
  })
  // How long the broker throttles.
  answer.skip(4)
  const features = new Map<string, number>()
  answer.tags((tag) => {
    if (tag !== FINALIZED_FEATURES) return
    answer.each(() => {
      features.set(answer.text(), answer.int16())
      // The lowest level.
      answer.skip(2)
      answer.tags()
    })
  })
  return features
}
