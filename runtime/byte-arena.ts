const MOST_BYTES = 512 * 1024 * 1024

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

  /** Where there is room; values written before may lie in another one. */
  get buffer(): Buffer {
    return this.#buffer
  }

  /** Where the value used last ends. */
  get end(): number {
    return this.#end
  }

  /**
   * @param encode writes at a position and returns its end; negative, or a RangeError: it needs more room
   */
  write(encode: (into: Buffer, at: number) => number): Buffer {
    for (let room = 0; ; room = 2 * this.#buffer.length) {
      const start = this.reserve(room)
      const end = tried(encode, this.#buffer, start)
      if (end < 0 || end > this.#buffer.length) continue
      this.#end = end
      return this.#buffer.subarray(start, end)
    }
  }

  /**
   * Makes room in `buffer`. What is written there counts from `use` on.
   * @returns where the room begins
   * @throws RangeError above 512 MiB
   */
  reserve(bytes: number): number {
    if (this.#end + bytes > this.#buffer.length) {
      // Values written so far keep the old buffer alive.
      const size = Math.max(this.#buffer.length * 2, 64 * 1024, bytes)
      if (size > MOST_BYTES) throw new RangeError('a value does not fit into 512 MiB')
      this.#buffer = Buffer.allocUnsafeSlow(size)
      this.#end = 0
    }
    return this.#end
  }

  /** @param end of what was written into the room that `reserve` made */
  use(end: number): void {
    this.#end = end
  }
}

function tried(encode: (into: Buffer, at: number) => number, into: Buffer, at: number): number {
  try {
    return encode(into, at)
  } catch (error) {
    if (error instanceof RangeError) return -1
    throw error
  }
}
