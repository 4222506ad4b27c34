import { KafkaClient } from '../connectors/kafka/client.ts'
import { EventProducer } from '../connectors/kafka/event-producer.ts'
import { Fetcher } from '../connectors/kafka/fetcher.ts'
import { Registry } from '../connectors/registry/registry.ts'
import { TopicBroadcast } from '../runtime/broadcast.ts'
import { readConfig } from '../runtime/config.ts'
import { fitClvModels } from '../runtime/fit-clv.ts'
import { kafkaSettings } from '../runtime/kafka-settings.ts'
import { createLog } from '../runtime/log.ts'
import { requireServers } from '../runtime/server-address.ts'
import { type Customer, customerSchema } from '../schemas/avro/customer.ts'
import type { ClvModel } from '../schemas/clv-model.ts'
import { AvroCodec } from '../schemas/codec.ts'
import { parseCommandArgs } from '../schemas/command-args.ts'
import { fitClvInThread } from '../trainer/fit-clv-in-thread.ts'

const HELP = `everscore clv [--tenant ID]: fits the customer lifetime value model of each tenant, or of one.

Reads all customers once, fits BG/NBD and Gamma-Gamma by maximum likelihood and publishes the parameters on the topic
models, from where lookups take them at once. Run it again as often as the model shall be renewed.
`

export async function runClv(args: string[], env: NodeJS.ProcessEnv): Promise<number> {
  const { values } = parseCommandArgs(args, { options: { tenant: { type: 'string' } } })
  if (values.help) {
    process.stdout.write(HELP)
    return 0
  }
  const config = readConfig(env)
  requireServers(config, ['KAFKA_BROKERS', 'SCHEMA_REGISTRY_URL'])
  const log = createLog(config.LOG_LEVEL, (line) => process.stderr.write(line), Date.now)
  const topicName = (topic: string): string => config.TOPIC_PREFIX + topic
  const kafka = new KafkaClient(kafkaSettings(config, 'everscore-clv'))
  const fetcher = new Fetcher(kafka)
  const broadcast = new TopicBroadcast(log)
  try {
    await kafka.connect(['customers', ...TopicBroadcast.TOPICS].map(topicName))
    await broadcast.start(kafka, fetcher, topicName)
    const ports = {
      kafka,
      fetcher,
      producer: new EventProducer(kafka),
      customerCodec: new AvroCodec<Customer>(customerSchema, new Registry(config.SCHEMA_REGISTRY_URL)),
      settings: (tenantId: string) => broadcast.settings(tenantId),
      topicName,
      fit: fitClvInThread,
      now: Date.now,
    }
    for (const [tenantId, model] of await fitClvModels(ports, values.tenant ?? null, new AbortController().signal)) {
      process.stdout.write(`${tenantId}: ${model === null ? 'too few customers bought again' : describe(model)}\n`)
    }
    return 0
  } finally {
    broadcast.close()
    await fetcher.close()
    await kafka.close()
  }
}

function describe({ version, purchases: { r, alpha, dropout }, fit }: ClvModel): string {
  const parameters = Object.entries({ r, alpha, ...dropout }).flatMap(([name, value]) =>
    typeof value === 'number' ? [`${name} ${value.toPrecision(4)}`] : [],
  )
  const notes = fit.fallback === null ? '' : `; ${fit.fallback}`
  return `${version} from ${fit.customers} customers: ${parameters.join(', ')}${notes}`
}
