import type { Customer } from './avro/customer.ts'
import { AvroWriter } from './avro-writer.ts'
import { writeReasons } from './reasons-encoder.ts'

const writer = new AvroWriter()

/**
 * The Avro encoding of a `customers` record, byte for byte what avsc writes for customerSchema (a test holds the two
 * together), in a third of the time: there is one such record an event.
 * @returns the end, or a negative number when it doesn't fit
 */
export function encodeCustomer(customer: Customer, into: Buffer, at: number): number {
  writer.begin(into, at)
  writer.string(customer.tenantId)
  writer.string(customer.customerId)
  writer.string(customer.eventId)
  writer.word(customer.cause)
  writer.long(customer.occurredAt)
  writer.long(customer.asOf)
  writer.long(customer.scoredAt)
  writer.long(customer.settingsVersion)
  writer.long(customer.thresholdsVersion)
  const { rfm, lead, churn, loyalty } = customer
  if (rfm.recencyDays === null) writer.long(0)
  else {
    writer.long(1)
    writer.double(rfm.recencyDays)
  }
  writer.long(rfm.frequency)
  writer.long(rfm.monetaryMinor)
  optionalWord(rfm.currency)
  optionalInt(rfm.r)
  optionalInt(rfm.f)
  optionalInt(rfm.m)
  optionalWord(rfm.segment)
  writer.double(lead.probability)
  writer.long(lead.score)
  writer.word(lead.grade)
  writer.word(lead.modelVersion)
  writeReasons(writer, lead.reasons)
  writer.double(churn.risk)
  writer.word(churn.band)
  writer.word(churn.modelVersion)
  writeReasons(writer, churn.reasons)
  writer.long(loyalty === null ? 0 : 1)
  if (loyalty !== null) {
    writer.double(loyalty.score)
    writer.word(loyalty.tier)
  }
  writer.bytes(customer.state)
  return writer.overflowed ? into.length - writer.at : writer.at
}

function optionalWord(value: string | null): void {
  writer.long(value === null ? 0 : 1)
  if (value !== null) writer.word(value)
}

function optionalInt(value: number | null): void {
  writer.long(value === null ? 0 : 1)
  if (value !== null) writer.long(value)
}
