import type { AvroField, AvroSchema } from '../../schemas/avro.ts'
import { AppError } from '../../schemas/errors.ts'
import { type InputTopic, TOPICS, type TopicSpec } from '../../schemas/topics.ts'

/** The record schema that an input topic's values have. */
export function topicSchema(topic: InputTopic): AvroSchema & { readonly fields: readonly AvroField[] } {
  const { schema } = TOPICS[topic] as TopicSpec
  if (schema === null || typeof schema === 'string' || !('fields' in schema)) {
    throw new AppError('INTERNAL', `the schema of ${topic} is no record`)
  }
  return schema
}
