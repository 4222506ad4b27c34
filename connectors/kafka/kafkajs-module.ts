import { createRequire } from 'node:module'
import { AppError } from '../../schemas/errors.ts'

/**
 * The parts of kafkajs that everscore builds on: connections (TLS, SASL, framing, time-outs), metadata, coordinators and
 * the protocol's encoders. Its consumer and producer loops are not used (docs/decisions/0001). They are internal modules
 * of a release that is frozen, so exactly that release is asked for.
 */
const KAFKAJS_VERSION = '2.2.4'

const require = createRequire(import.meta.url)

/** @param path of a module of kafkajs, below its `src` */
export function guarded<T>(path: string): T {
  const { version } = require('kafkajs/package.json') as { version: string }
  if (version !== KAFKAJS_VERSION) {
    throw new AppError('INTERNAL', `kafkajs ${KAFKAJS_VERSION} is needed, found ${version}`, { details: { version } })
  }
  return require(`kafkajs/src/${path}`) as T
}
