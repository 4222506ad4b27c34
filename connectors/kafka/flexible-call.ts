import { CompactReader } from './compact-fields.ts'
import type { RawCall } from './raw-call.ts'

/** Ends a header or a structure. */
export const NO_TAGS = Buffer.from([0])

export interface FlexibleCall<T> {
  readonly apiKey: number
  readonly apiVersion: number
  readonly apiName: string
  /** The body, in pieces that are written as they are. */
  readonly pieces: readonly Buffer[]
  /** @throws KafkaJSProtocolError for an answer that refuses */
  readonly decode: (body: CompactReader) => T
  /** Longer than the connection's own. */
  readonly timeoutMs?: number
}

/** A request of a flexible version, which kafkajs doesn't speak: tagged fields end its header and that of its answer. */
export function flexibleCall<T extends object>(call: FlexibleCall<T>): RawCall<T> {
  const { apiKey, apiVersion, apiName, pieces, decode, timeoutMs } = call
  return {
    apiKey,
    apiVersion,
    apiName,
    pieces: [NO_TAGS, ...pieces],
    response: {
      decode: async (raw) => {
        const fields = new CompactReader(raw)
        fields.tags()
        return decode(fields)
      },
      parse: async (decoded) => decoded,
    },
    ...(timeoutMs !== undefined && { requestTimeout: timeoutMs }),
  }
}
