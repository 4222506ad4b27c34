import { describe, expect, it } from 'vitest'
import { customerSchema } from '../../schemas/avro/customer.ts'
import { transactionSchema } from '../../schemas/avro/transaction.ts'
import { jsonProperties, jsonSchemaOf } from '../../schemas/json-schema.ts'

describe('the JSON Schema of an Avro schema', () => {
  it('has every field of the record but those of bytes, all required', () => {
    const names = customerSchema.fields.map((field) => field.name)
    expect(Object.keys(jsonProperties(customerSchema))).toEqual(names.filter((name) => name !== 'state'))
    const { required } = jsonSchemaOf(customerSchema) as unknown as { required: string[] }
    expect(required).toEqual(names.filter((name) => name !== 'state'))
  })

  it('keeps docs, and says what times and nullable values are', () => {
    const { asOf, rfm } = JSON.parse(JSON.stringify(jsonProperties(customerSchema)))
    expect(asOf).toMatchObject({ type: 'integer', description: expect.stringContaining('newest event time') })
    expect(rfm.properties.recencyDays.type).toEqual(['number', 'null'])
    expect(rfm.properties.segment).toEqual({
      type: ['string', 'null'],
      description: 'Champion, Loyal, Potential, Promising or At-Risk.',
    })
  })

  it('covers enums, arrays, maps and nested records', () => {
    const { properties } = JSON.parse(JSON.stringify(jsonSchemaOf(transactionSchema)))
    expect(properties.type).toMatchObject({ type: 'string', enum: expect.arrayContaining(['PURCHASE', 'REFUND']) })
    expect(properties.lines.items.properties.quantity).toEqual({ type: 'integer' })
    expect(properties.properties).toEqual({ type: 'object', additionalProperties: { type: 'string' } })
  })
})
