/** Bytes that a zigzag varint of a safe integer takes. */
export function varintSize(value: number): number {
  if (value >= -0x40000000 && value < 0x40000000) {
    const zigzag = ((value << 1) ^ (value >> 31)) >>> 0
    if (zigzag < 0x80) return 1
    if (zigzag < 0x4000) return 2
    if (zigzag < 0x200000) return 3
    if (zigzag < 0x10000000) return 4
    return 5
  }
  let size = 1
  let rest = value < 0 ? -value * 2 - 1 : value * 2
  while (rest >= 0x80) {
    rest = Math.floor(rest / 0x80)
    size++
  }
  return size
}

/** Writes a zigzag varint of a safe integer; returns the position after it. */
export function writeVarint(into: Uint8Array, at: number, value: number): number {
  let position = at
  if (value >= -0x40000000 && value < 0x40000000) {
    let zigzag = ((value << 1) ^ (value >> 31)) >>> 0
    while (zigzag >= 0x80) {
      into[position++] = (zigzag & 0x7f) | 0x80
      zigzag >>>= 7
    }
    into[position++] = zigzag
    return position
  }
  let rest = value < 0 ? -value * 2 - 1 : value * 2
  // Above 2^31 a division is a slow one: four groups of seven bits at once.
  while (rest >= 0x10000000) {
    const high = Math.floor(rest / 0x10000000)
    const low = rest - high * 0x10000000
    into[position++] = (low & 0x7f) | 0x80
    into[position++] = ((low >>> 7) & 0x7f) | 0x80
    into[position++] = ((low >>> 14) & 0x7f) | 0x80
    into[position++] = ((low >>> 21) & 0x7f) | 0x80
    rest = high
  }
  while (rest >= 0x80) {
    into[position++] = (rest & 0x7f) | 0x80
    rest >>>= 7
  }
  into[position++] = rest
  return position
}

/** Reads zigzag varints one after another. */
export class VarintReader {
  readonly bytes: Uint8Array
  at: number

  constructor(bytes: Uint8Array, at: number) {
    this.bytes = bytes
    this.at = at
  }

  next(): number {
    const { bytes } = this
    let byte = bytes[this.at++]!
    let low = byte & 0x7f
    let shift = 7
    while (byte & 0x80) {
      if (shift === 28) return this.#long(low)
      byte = bytes[this.at++]!
      low |= (byte & 0x7f) << shift
      shift += 7
    }
    return (low >>> 1) ^ -(low & 1)
  }

  /** Continues a value of more than 28 bits: sums are exact up to 2^53. */
  #long(low: number): number {
    let value = low
    let factor = 2 ** 28
    let byte: number
    do {
      byte = this.bytes[this.at++]!
      value += (byte & 0x7f) * factor
      factor *= 128
    } while (byte & 0x80)
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }
}
