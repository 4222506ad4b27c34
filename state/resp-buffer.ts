import { codeAt } from '../schemas/code-at.ts'
import { digitsOf, writeDigits } from '../schemas/digits.ts'
import { AppError } from '../schemas/errors.ts'

const CR = 13
const LF = 10
const DOLLAR = 36
const ASTERISK = 42

/**
 * Redis commands in RESP, written in one pass into a buffer that is used again. ioredis encodes every argument as three
 * pieces of its own, which for a change of thousands of arguments costs more than anything else about Redis.
 */
export class RespBuffer {
  #buffer: Buffer
  #end = 0
  /** Where each command begins. */
  readonly #starts: number[] = []
  /** Arguments that the last command still lacks. */
  #lacking = 0

  constructor(initialBytes = 64 * 1024) {
    this.#buffer = Buffer.allocUnsafeSlow(initialBytes)
  }

  reset(): void {
    this.#end = 0
    this.#starts.length = 0
    this.#lacking = 0
  }

  /** Begins a command, which is whole after so many more arguments. */
  command(name: string, args: number): void {
    this.#mustBeWhole()
    this.#starts.push(this.#end)
    this.#lacking = args + 1
    this.#reserve(0)
    this.#end = this.#length(this.#end, ASTERISK, this.#lacking)
    this.text(name)
  }

  text(value: string): void {
    const { length } = value
    this.#reserve(length * 3)
    const buffer = this.#buffer
    // Most are short and ASCII: their length is known before they are written.
    const start = this.#end
    let at = this.#length(start, DOLLAR, length)
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
    const at = this.#length(this.#end, DOLLAR, value.length)
    this.#buffer.set(value, at)
    this.#finish(at + value.length)
  }

  /** A whole number, not negative. */
  integer(value: number): void {
    this.#reserve(24)
    const digits = digitsOf(value)
    const at = this.#length(this.#end, DOLLAR, digits)
    writeDigits(this.#buffer, at, value, digits)
    this.#finish(at + digits)
  }

  /** The commands; valid until the next call. */
  commands(): Buffer[] {
    this.#mustBeWhole()
    return this.#starts.map((start, i) => this.#buffer.subarray(start, this.#starts[i + 1] ?? this.#end))
  }

  #mustBeWhole(): void {
    if (this.#lacking !== 0) throw new AppError('INTERNAL', `a Redis command lacks ${this.#lacking} arguments`)
  }

  /** @returns where it goes on */
  #length(start: number, type: number, length: number): number {
    const digits = digitsOf(length)
    this.#buffer[start] = type
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
    this.#lacking--
  }

  #reserve(bytes: number): void {
    const needed = this.#end + bytes + 32
    if (needed <= this.#buffer.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.#buffer.length * 2))
    this.#buffer.copy(grown, 0, 0, this.#end)
    this.#buffer = grown
  }
}
