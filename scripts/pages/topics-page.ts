import type { AvroSchema } from '../../schemas/avro.ts'
import { INPUT_TOPICS, TOPICS, type TopicSpec } from '../../schemas/topics.ts'
import { code, GENERATED, table } from './markdown.ts'

export function topicsPage(): string {
  const specs = Object.values<TopicSpec>(TOPICS)
  return `# Topics

${GENERATED}

\`everscore init\` creates these topics, or checks those that exist. \`TOPIC_PREFIX\` is put before every name.

${table(['Topic', 'Role', 'Partitions', 'Value', 'What it holds'], specs.map(overviewOf))}

## Writing events

The key of an input record is the UTF-8 text \`<tenantId>/<customerId>\`, the same two that its value names; the tenant
matches \`[A-Za-z0-9._-]{1,64}\`, the customer is anything from 1 to 512 bytes. All topics of ${code('PARTITIONS')} partitions
must be written with the murmur2 partitioner of the Java client (librdkafka: \`partitioner=murmur2_random\`), so that
partition *p* of each holds the same customers. Values are Avro in Confluent's wire format (a zero byte, the schema id in
four bytes, the Avro bytes), subject \`<topic>-value\`, compatibility FULL_TRANSITIVE; the schemas are
\`schemas/avro/*.avsc\`. Events of one instant are taken in the order ${INPUT_TOPICS.map(code).join(', ')}.

[producing.md](producing.md) has a program that writes an event.

## Reading results

Consumers of any topic that workers write must set \`isolation.level=read_committed\` (kafkajs, librdkafka: their default). Results are written in
transactions; a consumer that reads uncommitted also gets those of transactions that were aborted, which are written again. In
compacted topics a null value says that the key is gone.

## Settings in Kafka

${table(
  ['Topic', 'Settings'],
  specs.map(({ name, config }) => [code(name), configOf(config)]),
)}
${specs.map(fieldsOf).join('')}`
}

function overviewOf({ name, role, partitions, schema, doc }: TopicSpec): string[] {
  return [
    code(name),
    role,
    partitions === 'data' ? code('PARTITIONS') : String(partitions),
    schema === null ? 'see the last column' : `Avro ${code(nameOf(schema))}`,
    doc,
  ]
}

function configOf(config: Readonly<Record<string, string>>): string {
  return Object.entries(config)
    .map(([key, value]) => code(`${key}=${value}`))
    .join(' ')
}

function fieldsOf({ name, schema }: TopicSpec): string {
  if (schema === null || typeof schema === 'string' || !('fields' in schema)) return ''
  const rows = schema.fields.map((field) => [code(field.name), code(nameOf(field.type)), field.doc ?? ''])
  return `\n## Fields of ${code(name)}\n\n${table(['Field', 'Type', 'Meaning'], rows)}\n`
}

function nameOf(schema: AvroSchema): string {
  if (typeof schema === 'string') return schema
  if (Array.isArray(schema)) return schema.map(nameOf).join(' or ')
  if (!('type' in schema)) return ''
  switch (schema.type) {
    case 'record':
    case 'enum':
      return schema.name
    case 'array':
      return `array of ${nameOf(schema.items)}`
    case 'map':
      return `map of ${nameOf(schema.values)}`
    default:
      return 'logicalType' in schema && schema.logicalType ? schema.logicalType : schema.type
  }
}
