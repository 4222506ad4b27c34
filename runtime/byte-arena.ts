/** Room for the encoded values of one batch: a value stays valid until `reset`, whose room the next batch uses again. */
export class ByteArena {
  #buffer: Buffer
  #end = 0

  constructor(initialBytes = 256 * 1024) {
    this.#buffer = Buffer.allocUnsafeSlow(initialBytes)
  }

  reset(): void {
    this.#end = 0
  }

  /** Where the value written last stands, until the next one; its `start` is then the next one's. */
  get buffer(): Buffer {
    return this.#buffer
  }

  get end(): number {
    return this.#end
  }

  /**
   * @param encode writes at a position and returns its end; negative, or a RangeError: it needs more room
   */
  write(encode: (into: Buffer, at: number) => number): Buffer {
    const start = this.place(encode)
    return this.#buffer.subarray(start, this.#end)
  }

  /** The same without an object for the value. @returns where in `buffer` it begins; it ends at `end` */
  place(encode: (into: Buffer, at: number) => number): number {
    for (;;) {
      const at = this.#end
      let end: number
      try {
        end = encode(this.#buffer, at)
      } catch (error) {
        if (!(error instanceof RangeError)) throw error
        end = -1
      }
      if (end >= 0 && end <= this.#buffer.length) {
        this.#end = end
        return at
      }
      // Values written so far keep the old buffer alive; only this one moves on.
      this.#buffer = Buffer.allocUnsafeSlow(Math.max(this.#buffer.length * 2, 64 * 1024))
      this.#end = 0
      if (this.#buffer.length > 512 * 1024 * 1024) throw new RangeError('a value does not fit into 512 MiB')
    }
  }
}
