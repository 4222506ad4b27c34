/** One thing that is counted. True count f: `max(0, observed) <= f <= observed + error`. */
export interface Counter {
  readonly key: string
  /** Since it was last let in; below 0 when more was taken back than was added since then. */
  observed: number
  /** What may have been counted before that, at most. */
  readonly error: number
  /** Its place in the heap, -1 while there is none. */
  place: number
}

/**
 * Counts of the most frequent keys of a stream of +1 and -1, in bounded memory: Space-Saving (Metwally, Agrawal and El
 * Abbadi, 2005) with one floor for all that aren't kept, so that it stays right when counts are taken back.
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
 */
export class BoundedCounts<C extends Counter> {
  readonly #capacity: number
  readonly #counters = new Map<string, C>()
  /** Indexed binary heap by u, then key; only once a place is needed. */
  #heap: C[] | null = null
  #floor = 0

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  get size(): number {
    return this.#counters.size
  }

  get floor(): number {
    return this.#floor
  }

  values(): IterableIterator<C> {
    return this.#counters.values()
  }

  get(key: string): C | undefined {
    return this.#counters.get(key)
  }

  /** Puts back what was stored. */
  restore(counter: C): void {
    this.#counters.set(counter.key, counter)
  }

  restoreFloor(floor: number): void {
    this.#floor = floor
  }

  /**
   * @param create makes the counter of a key that isn't kept, with observed 1 and the error that it is given
   * @param letGo is told of a counter that is kept no longer
   */
  add(key: string, create: (error: number) => C, letGo: (counter: C) => void): C {
    const known = this.#counters.get(key)
    if (known !== undefined) {
      known.observed++
      if (this.#heap !== null) sink(this.#heap, known.place)
      return known
    }
    while (this.#counters.size >= this.#capacity) this.#evict(letGo)
    const counter = create(this.#floor)
    this.#counters.set(key, counter)
    if (this.#heap !== null) {
      counter.place = this.#heap.push(counter) - 1
      rise(this.#heap, counter.place)
    }
    return counter
  }

  /** @returns the counter, undefined for a key that isn't kept, or no longer, as it has come to nothing */
  takeBack(key: string, letGo: (counter: C) => void): C | undefined {
    const known = this.#counters.get(key)
    if (known === undefined) return undefined
    known.observed--
    if (known.observed + known.error <= 0) {
      this.#remove(known)
      letGo(known)
      return undefined
    }
    if (this.#heap !== null) rise(this.#heap, known.place)
    return known
  }

  #evict(letGo: (counter: C) => void): void {
    this.#heap ??= heapOf(this.#counters.values())
    const least = this.#heap[0]!
    this.#floor = Math.max(this.#floor, least.observed + least.error)
    this.#remove(least)
    letGo(least)
  }

  #remove(counter: C): void {
    this.#counters.delete(counter.key)
    if (this.#heap === null) return
    const last = this.#heap.pop()!
    if (last === counter) return
    const { place } = counter
    this.#heap[place] = last
    last.place = place
    sink(this.#heap, rise(this.#heap, place))
  }
}

function heapOf<C extends Counter>(counters: Iterable<C>): C[] {
  const heap = [...counters]
  for (const [place, counter] of heap.entries()) counter.place = place
  for (let place = (heap.length >> 1) - 1; place >= 0; place--) sink(heap, place)
  return heap
}

function isLess(a: Counter, b: Counter): boolean {
  const difference = a.observed + a.error - b.observed - b.error
  return difference === 0 ? a.key < b.key : difference < 0
}

function rise<C extends Counter>(heap: C[], from: number): number {
  const counter = heap[from]!
  let place = from
  while (place > 0) {
    const above = (place - 1) >> 1
    const parent = heap[above]!
    if (!isLess(counter, parent)) break
    heap[place] = parent
    parent.place = place
    place = above
  }
  heap[place] = counter
  counter.place = place
  return place
}

function sink<C extends Counter>(heap: C[], from: number): number {
  const counter = heap[from]!
  let place = from
  for (;;) {
    let below = 2 * place + 1
    if (below >= heap.length) break
    if (below + 1 < heap.length && isLess(heap[below + 1]!, heap[below]!)) below++
    const child = heap[below]!
    if (!isLess(child, counter)) break
    heap[place] = child
    child.place = place
    place = below
  }
  heap[place] = counter
  counter.place = place
  return place
}
