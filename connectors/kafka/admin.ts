import kafkajs, { type Admin } from 'kafkajs'
import type { KafkaSettings } from './client.ts'
import { mendKafkajs } from './mended-kafkajs.ts'

/** kafkajs's client for topics and groups, to be connected. */
export function newAdmin(settings: KafkaSettings): Admin {
  mendKafkajs()
  const kafka = new kafkajs.Kafka({
    brokers: [...settings.brokers],
    clientId: settings.clientId,
    // The settings were validated where the environment is read; kafkajs's types ask for a union of mechanisms.
    ...(settings.ssl ? { ssl: true } : {}),
    ...(settings.sasl ? { sasl: settings.sasl as never } : {}),
    logLevel: kafkajs.logLevel.NOTHING,
    retry: { retries: 5, initialRetryTime: 100 },
  })
  return kafka.admin()
}
