import { WIRE_HEADER_BYTES } from './codec.ts'
import { VarintReader } from './varint.ts'

/** What the view's indexes need of a `customers` record. */
export interface CustomerPeek {
  readonly probability: number
  readonly risk: number
  /** A view into the record. */
  readonly state: Buffer
}

const OPTIONAL_INTS_OF_RFM = 3

/**
 * Reads a few fields of a `customers` value that was written as customerSchema, and steps over the others: a tenth of
 * what it costs to decode all of it, and a rebuild reads millions.
 * @returns null for what is not a whole record of that schema; a codec says what is wrong about it
 */
export function peekCustomer(value: Buffer): CustomerPeek | null {
  const reader = new VarintReader(value, WIRE_HEADER_BYTES)
  // tenantId, customerId, eventId, cause
  for (let i = 0; i < 4; i++) skipText(reader)
  // occurredAt, asOf, scoredAt, settingsVersion, thresholdsVersion
  for (let i = 0; i < 5; i++) reader.next()
  if (reader.next() !== 0) reader.at += 8
  reader.next()
  reader.next()
  if (reader.next() !== 0) skipText(reader)
  for (let i = 0; i < OPTIONAL_INTS_OF_RFM; i++) if (reader.next() !== 0) reader.next()
  if (reader.next() !== 0) skipText(reader)
  const probabilityAt = reader.at
  reader.at += 8
  reader.next()
  skipText(reader)
  skipText(reader)
  skipReasons(reader)
  const riskAt = reader.at
  reader.at += 8
  skipText(reader)
  skipText(reader)
  skipReasons(reader)
  if (reader.next() !== 0) {
    reader.at += 8
    skipText(reader)
  }
  const length = reader.next()
  if (!(reader.at + length === value.length && length >= 0)) return null
  return {
    probability: value.readDoubleLE(probabilityAt),
    risk: value.readDoubleLE(riskAt),
    state: value.subarray(reader.at),
  }
}

function skipText(reader: VarintReader): void {
  const length = reader.next()
  reader.at += length
}

/** Blocks of items, the last one empty. A negative count is followed by the block's size in bytes. */
function skipReasons(reader: VarintReader): void {
  for (let count = reader.next(); count !== 0; count = reader.next()) {
    if (count < 0) {
      const bytes = reader.next()
      reader.at += bytes
      continue
    }
    for (let i = 0; i < count && reader.at < reader.bytes.length; i++) {
      skipText(reader)
      reader.at += 16
    }
  }
}
