/** Longer texts are made anew each time. */
const LONGEST = 16
const PLACES = 4_096

/** A text and its bytes, four at a time, little endian, filled up with zeros. */
interface Known {
  text: string
  length: number
  a: number
  b: number
  c: number
  d: number
}

const places: Known[] = Array.from({ length: PLACES }, () => ({ text: '', length: 0, a: 0, b: 0, c: 0, d: 0 }))

/** By length: what of each of the four numbers belongs to the text. */
const MASKS = Int32Array.from({ length: 4 * (LONGEST + 1) }, (_, i) => {
  const bytes = (i >> 2) - 4 * (i & 3)
  if (bytes >= 4) return -1
  return bytes <= 0 ? 0 : (1 << (8 * bytes)) - 1
})

let misses = 0
let viewed: Uint8Array = new Uint8Array(0)
let view = new DataView(viewed.buffer)

/**
 * The text of UTF-8 bytes. A short one that was read a moment ago is the same string again: types, channels, tenants and
 * customers who come often cost a tenth of a new string then, which is what most of decoding an event is.
 */
export function textFrom(bytes: Buffer, at: number, length: number): string {
  if (length > LONGEST || at + LONGEST > bytes.length) return bytes.toString('utf8', at, at + length)
  if (bytes !== viewed) {
    viewed = bytes
    view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  }
  const masks = 4 * length
  const a = view.getInt32(at, true) & MASKS[masks]!
  const b = view.getInt32(at + 4, true) & MASKS[masks + 1]!
  const c = view.getInt32(at + 8, true) & MASKS[masks + 2]!
  const d = view.getInt32(at + 12, true) & MASKS[masks + 3]!
  const mixed = Math.imul(
    a ^ Math.imul(b ^ Math.imul(c ^ Math.imul(d, 0x2c1b3c6d), 0x297a2d39), 0x2c1b3c6d),
    0x9e3779b1,
  )
  const known = places[(mixed ^ (mixed >>> 15)) & (PLACES - 1)]!
  if (known.a === a && known.b === b && known.c === c && known.d === d && known.length === length) return known.text
  const text = bytes.toString('utf8', at, at + length)
  // Ids come once, words again and again: one in four enters, so that keeping what isn't asked for again costs little.
  if ((++misses & 3) !== 0) return text
  known.a = a
  known.b = b
  known.c = c
  known.d = d
  known.length = length
  known.text = text
  return text
}
