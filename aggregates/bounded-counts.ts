const FREE = -1
const FIRST_SLOTS = 16

export interface CountsWatch {
  /** A slot has a new counter. */
  readonly entered: (slot: number) => void
  /** The counter of a slot will be kept no longer; it still is there. */
  readonly leaves: (slot: number) => void
}

/**
 * Counts of the most frequent keys of a stream of +1 and -1, in bounded memory: Space-Saving (Metwally, Agrawal and El
 * Abbadi, 2005) with one floor for all that aren't kept, so that it stays right when counts are taken back. True count f of
 * a key that is kept: `max(0, observed) <= f <= observed + error`.
 *
 * A key that isn't kept has 0 <= f <= floor. When a new key comes and all places are taken, the counter with the least
 * u = observed + error is let go and floor becomes max(floor, u); the new key starts with observed 1 and error = floor.
 * Taking back lowers a kept counter; for a key that isn't kept it changes nothing.
 *
 * The bounds hold after every step. Not kept, added: f was in 0…floor, so f is in 1…floor + 1 = observed…observed + error.
 * Let go: f <= u <= floor. Kept, added or taken back: f and observed move together. Not kept, taken back: f falls, and
 * isn't below 0 because only what was added is taken back.
 *
 * floor <= I / m, for I additions into m places. Let I_j be the additions that fell to the keys in place j. Then
 * (a) I_j >= u_j, (b) I_j >= floor. An addition raises I_j and u_j by 1, a taking back lowers u_j. A new key in place j
 * makes u_j = floor + 1 and adds 1 to I_j, which was at least floor by (b). floor rises only when all places are taken,
 * to the least u_j, so that (b) follows from (a). Summing (b) over the places: m × floor <= I.
 * While no more than m keys ever were there at a time, floor is 0 and every count is exact.
 *
 * Keys are whole numbers from 0 to 2^53. A counter is a slot of typed arrays, and keeps it for as long as it is kept.
 */
export class BoundedCounts {
  readonly #capacity: number
  readonly #watch: CountsWatch
  readonly #slots = new Map<number, number>()
  readonly #free: number[] = []
  #keys = new Float64Array(FIRST_SLOTS).fill(FREE)
  #observed = new Int32Array(FIRST_SLOTS)
  #errors = new Int32Array(FIRST_SLOTS)
  /** Slots as an indexed binary heap by u, then key, and the place of each in it; only once a place is needed. */
  #heap: Int32Array | null = null
  #places = new Int32Array(0)
  #high = 0
  #floor = 0

  /** @param watch not told of what is restored */
  constructor(capacity: number, watch: CountsWatch) {
    this.#capacity = capacity
    this.#watch = watch
  }

  get size(): number {
    return this.#slots.size
  }

  /** All slots that were ever used are below. */
  get high(): number {
    return this.#high
  }

  get floor(): number {
    return this.#floor
  }

  isUsed(slot: number): boolean {
    return this.#keys[slot]! >= 0
  }

  keyOf(slot: number): number {
    return this.#keys[slot]!
  }

  /** Since it was last let in; below 0 when more was taken back than was added since then. */
  observedOf(slot: number): number {
    return this.#observed[slot]!
  }

  /** What may have been counted before that, at most. */
  errorOf(slot: number): number {
    return this.#errors[slot]!
  }

  /** @returns its slot, -1 when it isn't kept */
  find(key: number): number {
    return this.#slots.get(key) ?? -1
  }

  /** Puts back what was stored in a slot, or that nothing is, in the order in which it was stored; then `settle`. */
  restore(slot: number, key: number | null, observed: number, error: number): void {
    this.#reserve(slot)
    const before = this.#keys[slot]!
    // The key may have another slot by now.
    if (before >= 0 && this.#slots.get(before) === slot) this.#slots.delete(before)
    this.#keys[slot] = key ?? FREE
    this.#observed[slot] = observed
    this.#errors[slot] = error
    if (key !== null) this.#slots.set(key, slot)
  }

  restoreFloor(floor: number): void {
    this.#floor = floor
  }

  /** All is restored. */
  settle(): void {
    this.#free.length = 0
    for (let slot = this.#high - 1; slot >= 0; slot--) if (!this.isUsed(slot)) this.#free.push(slot)
  }

  /** @returns the key's slot */
  add(key: number): number {
    const known = this.#slots.get(key)
    if (known !== undefined) {
      this.#observed[known]!++
      if (this.#heap !== null) this.#sink(this.#places[known]!)
      return known
    }
    while (this.#slots.size >= this.#capacity) this.#evict()
    const slot = this.#free.pop() ?? this.#high
    this.#reserve(slot)
    this.#keys[slot] = key
    this.#observed[slot] = 1
    this.#errors[slot] = this.#floor
    this.#slots.set(key, slot)
    if (this.#heap !== null) {
      const place = this.#slots.size - 1
      this.#heap[place] = slot
      this.#places[slot] = place
      this.#rise(place)
    }
    this.#watch.entered(slot)
    return slot
  }

  /** @returns the key's slot, -1 when it isn't kept, or no longer, as it has come to nothing */
  takeBack(key: number): number {
    const slot = this.#slots.get(key)
    if (slot === undefined) return -1
    this.#observed[slot]!--
    if (this.#bound(slot) <= 0) {
      this.#remove(slot)
      return -1
    }
    if (this.#heap !== null) this.#rise(this.#places[slot]!)
    return slot
  }

  #bound(slot: number): number {
    return this.#observed[slot]! + this.#errors[slot]!
  }

  #evict(): void {
    if (this.#heap === null) this.#makeHeap()
    const least = this.#heap![0]!
    this.#floor = Math.max(this.#floor, this.#bound(least))
    this.#remove(least)
  }

  #remove(slot: number): void {
    this.#watch.leaves(slot)
    this.#slots.delete(this.#keys[slot]!)
    this.#keys[slot] = FREE
    this.#free.push(slot)
    if (this.#heap === null) return
    const last = this.#heap[this.#slots.size]!
    if (last === slot) return
    const place = this.#places[slot]!
    this.#heap[place] = last
    this.#places[last] = place
    this.#sink(this.#rise(place))
  }

  #makeHeap(): void {
    // Settings may allow less by now than what was stored.
    this.#heap = new Int32Array(Math.max(this.#capacity, this.#slots.size))
    this.#places = new Int32Array(this.#keys.length)
    let place = 0
    for (const slot of this.#slots.values()) {
      this.#heap[place] = slot
      this.#places[slot] = place++
    }
    for (let i = (place >> 1) - 1; i >= 0; i--) this.#sink(i)
  }

  #isLess(a: number, b: number): boolean {
    const difference = this.#bound(a) - this.#bound(b)
    return difference === 0 ? this.#keys[a]! < this.#keys[b]! : difference < 0
  }

  #rise(from: number): number {
    const heap = this.#heap!
    const slot = heap[from]!
    let place = from
    while (place > 0) {
      const above = (place - 1) >> 1
      const parent = heap[above]!
      if (!this.#isLess(slot, parent)) break
      heap[place] = parent
      this.#places[parent] = place
      place = above
    }
    heap[place] = slot
    this.#places[slot] = place
    return place
  }

  #sink(from: number): void {
    const heap = this.#heap!
    const size = this.#slots.size
    const slot = heap[from]!
    let place = from
    for (;;) {
      let below = 2 * place + 1
      if (below >= size) break
      if (below + 1 < size && this.#isLess(heap[below + 1]!, heap[below]!)) below++
      const child = heap[below]!
      if (!this.#isLess(child, slot)) break
      heap[place] = child
      this.#places[child] = place
      place = below
    }
    heap[place] = slot
    this.#places[slot] = place
  }

  #reserve(slot: number): void {
    if (slot >= this.#high) this.#high = slot + 1
    const { length } = this.#keys
    if (slot < length) return
    const grown = Math.max(slot + 1, 2 * length)
    const keys = new Float64Array(grown).fill(FREE, length)
    keys.set(this.#keys)
    this.#keys = keys
    this.#observed = withRoom(this.#observed, grown)
    this.#errors = withRoom(this.#errors, grown)
    if (this.#heap !== null) this.#places = withRoom(this.#places, grown)
  }
}

function withRoom(column: Int32Array<ArrayBuffer>, length: number): Int32Array<ArrayBuffer> {
  const grown = new Int32Array(length)
  grown.set(column)
  return grown
}
