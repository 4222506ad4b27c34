import { AppError } from '../schemas/errors.ts'
import { VarintReader, varintSize, writeVarint } from '../schemas/varint.ts'

/** First byte of every value of `aggregate-state` that windows write. */
const FORMAT = 1

/** A value of `aggregate-state`: the format, then whole numbers as zigzag varints. Their meaning is the key's. */
export function encodeNumbers(numbers: readonly number[]): Buffer {
  let size = 1
  for (const number of numbers) size += varintSize(number)
  const bytes = Buffer.allocUnsafe(size)
  bytes[0] = FORMAT
  let at = 1
  for (const number of numbers) at = writeVarint(bytes, at, number)
  return bytes
}

/** @throws AppError STATE_UNREADABLE for another format, or bytes that don't end with a number */
export function decodeNumbers(bytes: Buffer): number[] {
  if (bytes[0] !== FORMAT || (bytes.length > 1 && bytes[bytes.length - 1]! >= 0x80)) {
    throw new AppError('STATE_UNREADABLE', `aggregate state: format ${bytes[0] ?? 'missing'}, or bytes that end early`)
  }
  const reader = new VarintReader(bytes, 1)
  const numbers: number[] = []
  while (reader.at < bytes.length) numbers.push(reader.next())
  return numbers
}
