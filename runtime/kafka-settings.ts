import type { KafkaSettings } from '../connectors/kafka/client.ts'
import type { Config } from './config.ts'
import { requireServers } from './server-address.ts'

/** @throws AppError CONFIG_INVALID when no broker is given */
export function kafkaSettings(config: Config, clientId: string): KafkaSettings {
  requireServers(config, ['KAFKA_BROKERS'])
  const sasl = config.KAFKA_SASL_MECHANISM && {
    mechanism: config.KAFKA_SASL_MECHANISM,
    username: config.KAFKA_SASL_USERNAME,
    password: config.KAFKA_SASL_PASSWORD,
  }
  return {
    brokers: config.KAFKA_BROKERS,
    clientId,
    requestTimeoutMs: config.REQUEST_TIMEOUT_MS,
    ...(config.KAFKA_SSL ? { ssl: true } : {}),
    ...(sasl ? { sasl } : {}),
  }
}

/** The consumer group of the aggregate tasks. */
export function aggregatesGroup(config: Config): string {
  return `${applicationId(config)}-aggregates`
}

/** The group that chooses the trainer. */
export function trainerGroup(config: Config): string {
  return `${applicationId(config)}-trainer`
}

/** The application id: the consumer group and the first part of every Redis key and transactional id. */
export function applicationId(config: Config): string {
  return `${config.TOPIC_PREFIX}everscore`
}
