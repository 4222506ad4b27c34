import { codeAt } from '../schemas/code-at.ts'
import { digitsOf, writeDigits } from '../schemas/digits.ts'

/** Room kept in front for `*<count>\r\n`, which is only known at the end. */
const HEAD_BYTES = 16
const CR = 13
const LF = 10
const DOLLAR = 36
const ASTERISK = 42

/**
 * One Redis command in RESP, written in one pass into a buffer that is used again. ioredis encodes every argument as
 * three pieces of its own, which for a commit of thousands of arguments costs more than anything else about Redis.
 */
export class RespBuffer {
  #buffer: Buffer
  #end = HEAD_BYTES
  #count = 0

  constructor(initialBytes = 64 * 1024) {
    this.#buffer = Buffer.allocUnsafeSlow(initialBytes)
  }

  reset(): void {
    this.#end = HEAD_BYTES
    this.#count = 0
  }

  text(value: string): void {
    const { length } = value
    this.#reserve(length * 3)
    const buffer = this.#buffer
    // Most are short and ASCII: their length is known before they are written.
    const start = this.#end
    let at = this.#length(start, length)
    for (let i = 0; i < length; i++) {
      const code = codeAt(value, i)
      if (code > 0x7f) {
        this.bytes(Buffer.from(value))
        return
      }
      buffer[at++] = code
    }
    this.#finish(at)
  }

  bytes(value: Uint8Array): void {
    this.#reserve(value.length)
    const at = this.#length(this.#end, value.length)
    this.#buffer.set(value, at)
    this.#finish(at + value.length)
  }

  /** A whole number, not negative. */
  integer(value: number): void {
    this.#reserve(24)
    const digits = digitsOf(value)
    const at = this.#length(this.#end, digits)
    writeDigits(this.#buffer, at, value, digits)
    this.#finish(at + digits)
  }

  /** The command; valid until the next call. */
  command(): Buffer {
    const digits = digitsOf(this.#count)
    const start = HEAD_BYTES - digits - 3
    this.#buffer[start] = ASTERISK
    writeDigits(this.#buffer, start + 1, this.#count, digits)
    this.#buffer[HEAD_BYTES - 2] = CR
    this.#buffer[HEAD_BYTES - 1] = LF
    return this.#buffer.subarray(start, this.#end)
  }

  #length(start: number, length: number): number {
    const digits = digitsOf(length)
    this.#buffer[start] = DOLLAR
    writeDigits(this.#buffer, start + 1, length, digits)
    const at = start + 1 + digits
    this.#buffer[at] = CR
    this.#buffer[at + 1] = LF
    return at + 2
  }

  #finish(at: number): void {
    this.#buffer[at] = CR
    this.#buffer[at + 1] = LF
    this.#end = at + 2
    this.#count++
  }

  #reserve(bytes: number): void {
    const needed = this.#end + bytes + 32
    if (needed <= this.#buffer.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.#buffer.length * 2))
    this.#buffer.copy(grown, 0, 0, this.#end)
    this.#buffer = grown
  }
}
