import fc from 'fast-check'
import { expect, test } from 'vitest'
import { customerSchema } from '../../schemas/avro/customer.ts'
import { avroType } from '../../schemas/avro-type.ts'
import { WIRE_HEADER_BYTES } from '../../schemas/codec.ts'
import { peekCustomer } from '../../schemas/customer-peek.ts'
import { anyCustomer } from './any-customer.ts'

const type = avroType(customerSchema)
const header = Buffer.alloc(WIRE_HEADER_BYTES)

test('reads what avsc has written', () => {
  fc.assert(
    fc.property(anyCustomer, (customer) => {
      const { lead, churn, state } = customer
      const peek = peekCustomer(Buffer.concat([header, type.toBuffer(customer)]))
      expect(peek).toEqual({ probability: lead.probability, risk: churn.risk, state })
    }),
    { numRuns: 500 },
  )
})

test('takes nothing for a record that is cut off or goes on', () => {
  fc.assert(
    fc.property(anyCustomer, fc.double({ min: 0, max: 1, noNaN: true }), (customer, share) => {
      const value = Buffer.concat([header, type.toBuffer(customer)])
      const cut = WIRE_HEADER_BYTES + Math.floor(share * (value.length - WIRE_HEADER_BYTES - 1))
      expect(peekCustomer(value.subarray(0, cut))).toBeNull()
      expect(peekCustomer(Buffer.concat([value, Buffer.from([0])]))).toBeNull()
    }),
  )
})
