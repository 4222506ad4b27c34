/** Slots are multiples of this: what a slot wastes is less. */
const STEP = 64
/** Longer values have a buffer of their own. */
const LONGEST = 8_192
const CHUNK_BYTES = 1024 * 1024

/**
 * Many short values of changing length in few large buffers, outside of the JavaScript heap: as objects of their own they
 * would be copied and marked by the garbage collector again and again. A slot is a number; freed ones are used again by
 * values of about the same length.
 */
export class ByteSlab {
  readonly #chunks: Buffer[] = []
  /** By length in steps: free slots. */
  readonly #free: number[][] = []
  readonly #freeChunks: number[] = []
  /** The chunk that slots are cut from, and how far. */
  #open = -1
  #end = CHUNK_BYTES

  /** Of all chunks. */
  get bytes(): number {
    return this.#chunks.reduce((sum, chunk) => sum + chunk.length, 0)
  }

  /** Copies bytes into a slot. @returns the slot */
  add(source: Buffer, start: number, end: number): number {
    const length = end - start
    const slot = length > LONGEST ? this.#ownChunk(length) : (this.#free[stepsOf(length)]?.pop() ?? this.#cut(length))
    source.copy(this.bufferOf(slot), this.startOf(slot), start, end)
    return slot
  }

  /** Puts other bytes in the place of a value; the slot may change. @param length of the value that it holds @returns the slot */
  replace(slot: number, length: number, source: Buffer, start: number, end: number): number {
    if (end - start <= LONGEST && length <= LONGEST && stepsOf(end - start) === stepsOf(length)) {
      source.copy(this.bufferOf(slot), this.startOf(slot), start, end)
      return slot
    }
    this.remove(slot, length)
    return this.add(source, start, end)
  }

  remove(slot: number, length: number): void {
    if (length > LONGEST) {
      const chunk = Math.floor(slot / CHUNK_BYTES)
      this.#chunks[chunk] = EMPTY
      this.#freeChunks.push(chunk)
      return
    }
    const steps = stepsOf(length)
    this.#free[steps] ??= []
    this.#free[steps].push(slot)
  }

  bufferOf(slot: number): Buffer {
    return this.#chunks[Math.floor(slot / CHUNK_BYTES)]!
  }

  /** Where in that buffer the value begins. */
  startOf(slot: number): number {
    return slot % CHUNK_BYTES
  }

  #cut(length: number): number {
    const size = stepsOf(length) * STEP
    if (this.#end + size > CHUNK_BYTES) {
      this.#open = this.#newChunk(CHUNK_BYTES)
      this.#end = 0
    }
    const slot = this.#open * CHUNK_BYTES + this.#end
    this.#end += size
    return slot
  }

  #ownChunk(length: number): number {
    return this.#newChunk(length) * CHUNK_BYTES
  }

  #newChunk(bytes: number): number {
    const at = this.#freeChunks.pop() ?? this.#chunks.length
    this.#chunks[at] = Buffer.allocUnsafeSlow(bytes)
    return at
  }
}

const EMPTY = Buffer.alloc(0)

function stepsOf(length: number): number {
  return Math.max(1, Math.ceil(length / STEP))
}
