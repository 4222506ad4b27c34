import avro from 'avsc'
import { expect, test } from 'vitest'
import type { AvroSchema } from '../../schemas/avro.ts'
import { toAvsc } from '../../schemas/avsc.ts'
import { TOPICS, type TopicSpec } from '../../schemas/topics.ts'

const named = { type: 'record', name: 'Reason', fields: [{ name: 'feature', type: 'string' }] } as const

test('a record that is used twice is written once, and by its full name after that', () => {
  const schema: AvroSchema = {
    type: 'record',
    name: 'Result',
    namespace: 'everscore.results',
    fields: [
      { name: 'first', type: { type: 'array', items: named } },
      { name: 'second', type: { type: 'map', values: ['null', named] } },
    ],
  }
  expect(toAvsc(schema)).toEqual({
    type: 'record',
    name: 'Result',
    namespace: 'everscore.results',
    fields: [
      { name: 'first', type: { type: 'array', items: named } },
      { name: 'second', type: { type: 'map', values: ['null', 'everscore.results.Reason'] } },
    ],
  })
})

test('names in different namespaces are different types', () => {
  const schema: AvroSchema = {
    type: 'record',
    name: 'Outer',
    namespace: 'a',
    fields: [
      { name: 'own', type: named },
      { name: 'other', type: { ...named, namespace: 'b' } },
      { name: 'again', type: named },
    ],
  }
  expect(toAvsc(schema)).toMatchObject({
    fields: [{ type: named }, { type: { namespace: 'b' } }, { type: 'a.Reason' }],
  })
})

test.each(Object.values(TOPICS).filter((spec: TopicSpec) => spec.schema !== null))(
  'avsc takes the schema of $name as the specification wants it written',
  ({ schema }: TopicSpec) => {
    const written = JSON.parse(JSON.stringify(toAvsc(schema!))) as avro.Schema
    expect(() => avro.Type.forSchema(written)).not.toThrow()
  },
)
