import { NEVER } from './customer-state.ts'
import { AppError } from './errors.ts'

/** The largest whole number that the state holds. */
export const MAX = Number.MAX_SAFE_INTEGER

export function unreadable(problem: string): AppError {
  return new AppError('STATE_UNREADABLE', `customer state: ${problem}`)
}

/** Writes a whole number of 0 or more; past the end of `into` bytes vanish, so the caller checks the end. */
export function putVarint(into: Buffer, at: number, value: number): number {
  if (!(value >= 0)) throw new AppError('INTERNAL', `state holds ${value} where a whole number of 0 or more belongs`)
  while (value > 0x7fffffff) {
    into[at++] = (value % 128) | 0x80
    value = Math.floor(value / 128)
  }
  let rest = value | 0
  while (rest > 0x7f) {
    into[at++] = (rest & 0x7f) | 0x80
    rest >>>= 7
  }
  into[at++] = rest
  return at
}

/** @throws RangeError when it doesn't fit */
export function putString(into: Buffer, at: number, text: string): number {
  const length = Buffer.byteLength(text)
  at = putVarint(into, at, length)
  if (at + length > into.length) throw new RangeError('state does not fit')
  into.write(text, at, length, 'utf8')
  return at + length
}

/** Reads what the functions above wrote; every method throws STATE_UNREADABLE rather than read past the end. */
export class Reader {
  readonly #bytes: Buffer
  #at: number

  constructor(bytes: Buffer, at: number) {
    this.#bytes = bytes
    this.#at = at
  }

  get length(): number {
    return this.#bytes.length
  }

  varint(max: number): number {
    let value = 0
    for (let factor = 1; ; factor *= 128) {
      const byte = this.#bytes[this.#take(1)]!
      value += (byte & 0x7f) * factor
      if (value > max) throw unreadable(`a number before byte ${this.#at} is beyond ${max}`)
      if (byte < 0x80) return value
      if (factor >= 2 ** 49) throw unreadable(`a number before byte ${this.#at} has no end`)
    }
  }

  age(newest: number): number {
    const age = this.varint(newest + 1)
    return age === 0 ? NEVER : newest - age + 1
  }

  double(): number {
    return this.#bytes.readDoubleLE(this.#take(8))
  }

  int32(): number {
    return this.#bytes.readInt32LE(this.#take(4))
  }

  string(): string {
    const length = this.varint(this.#bytes.length)
    const from = this.#take(length)
    return this.#bytes.toString('utf8', from, from + length)
  }

  end(): void {
    if (this.#at !== this.#bytes.length) throw unreadable(`${this.#bytes.length - this.#at} bytes follow its end`)
  }

  #take(length: number): number {
    const from = this.#at
    this.#at += length
    if (this.#at > this.#bytes.length) throw unreadable(`it ends early, after ${this.#bytes.length} bytes`)
    return from
  }
}
