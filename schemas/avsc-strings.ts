import avro from 'avsc'
import { textFrom } from './short-texts.ts'

interface Tap {
  readonly buf: Buffer
  pos: number
  readString(): string
}

/** avsc makes a new string of each text that it reads. Here a short one that was read a moment ago is the same string again. */
export function keepAvroStrings(): void {
  const { StringType } = avro.types as unknown as Record<'StringType', { prototype: object }>
  Object.assign(StringType.prototype, { _read: read })
}

function read(tap: Tap): string {
  const { buf, pos } = tap
  const zigzag = buf[pos]!
  // A length below 64, in one byte, that is not negative; anything else is avsc's business.
  const end = pos + 1 + (zigzag >>> 1)
  if ((zigzag & 0x81) !== 0 || !(end <= buf.length)) return tap.readString()
  tap.pos = end
  return textFrom(buf, pos + 1, zigzag >>> 1)
}
