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

  /**
   * @param encode writes at a position and returns its end; negative, or a RangeError: it needs more room
   */
  write(encode: (into: Buffer, at: number) => number): Buffer {
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
        return this.#buffer.subarray(at, end)
      }
      // Values written so far keep the old buffer alive; only this one moves on.
      this.#buffer = Buffer.allocUnsafeSlow(Math.max(this.#buffer.length * 2, 64 * 1024))
      this.#end = 0
      if (this.#buffer.length > 512 * 1024 * 1024) throw new RangeError('a value does not fit into 512 MiB')
    }
  }
}
