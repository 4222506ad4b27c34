/** Entries of one segment, at most. */
const SEGMENT_ENTRIES = 4_096
/** What a segment without entries counts as: many small ones are put together as well. */
const SEGMENT_WEIGHT = 16
/** Below that nothing is put together. */
const LEAST_WEIGHT = 8_192
/** Addresses of one kind. */
const KIND = 2 ** 26

interface Segment {
  readonly number: number
  readonly addresses: Uint32Array
}

/** Slots of one kind: 0 for a slot that no segment has, else the number of the segment with its newest value and 1. */
interface Column {
  where: Int32Array
  dirty: Uint8Array
}

export interface SlotLogOptions {
  readonly kinds: number
  /** Whether a slot holds something: what is empty and in no older segment needs no entry. */
  readonly isUsed: (kind: number, slot: number) => boolean
}

/**
 * Which slots of a table its segments hold: a log of values, each segment with those that changed since the one before,
 * so that storing costs by changes and not by the size of the table. Read in the order of their numbers, the newest value
 * of a slot counts. Whenever less than half of the entries are the newest of their slots, the oldest segments are dropped and what
 * was newest in them is written again; always the oldest first, so that an entry that says "empty" outlives all older
 * values of its slot.
 */
export class SlotLog {
  readonly #options: SlotLogOptions
  readonly #columns: readonly Column[]
  readonly #segments: Segment[] = []
  #dirty: number[] = []
  #nextNumber = 0
  #weight = 0
  #live = 0

  constructor(options: SlotLogOptions) {
    this.#options = options
    this.#columns = Array.from({ length: options.kinds }, () => ({
      where: new Int32Array(16),
      dirty: new Uint8Array(16),
    }))
  }

  get isDirty(): boolean {
    return this.#dirty.length > 0
  }

  /** A slot's value is another than that which was written, or it is empty now. */
  touch(kind: number, slot: number): void {
    const column = this.#columns[kind]!
    if (slot >= column.dirty.length) reserve(column, slot)
    if (column.dirty[slot] === 1) return
    column.dirty[slot] = 1
    this.#dirty.push(kind * KIND + slot)
  }

  /**
   * Writes all that was touched, as one segment at least, and drops old ones.
   * @param write the segment of that number, with the slots of each kind
   * @param drop a segment that isn't needed any more
   */
  *write(
    write: (segment: number, slots: readonly number[][]) => void,
    drop: (segment: number) => void,
  ): Generator<void> {
    yield* this.#clean(drop)
    const dirty = this.#dirty
    this.#dirty = []
    let from = 0
    do {
      const addresses = Uint32Array.from(dirty.slice(from, from + SEGMENT_ENTRIES))
      const segment = this.#add(this.#nextNumber, addresses)
      write(segment.number, this.#slotsOf(addresses))
      for (const address of addresses) this.#columns[kindOf(address)]!.dirty[slotOf(address)] = 0
      from += SEGMENT_ENTRIES
      yield
    } while (from < dirty.length)
  }

  /** Segments that are stored, in the order of their numbers. */
  restore(number: number, slots: readonly number[][]): void {
    this.#add(number, Uint32Array.from(slots.flatMap((each, kind) => each.map((slot) => kind * KIND + slot))))
  }

  /** The numbers of all segments. */
  numbers(): number[] {
    return this.#segments.map(({ number }) => number)
  }

  #add(number: number, addresses: Uint32Array): Segment {
    const segment = { number, addresses }
    this.#segments.push(segment)
    this.#nextNumber = number + 1
    this.#weight += weightOf(segment)
    for (const address of addresses) {
      const column = this.#columns[kindOf(address)]!
      const slot = slotOf(address)
      if (slot >= column.dirty.length) reserve(column, slot)
      if (column.where[slot] === 0) this.#live++
      column.where[slot] = number + 1
    }
    return segment
  }

  /** As much work as twice what is to be written: old entries go faster than new ones come. */
  *#clean(drop: (segment: number) => void): Generator<void> {
    let budget = 2 * this.#dirty.length + SEGMENT_ENTRIES
    while (budget > 0 && this.#weight > 2 * this.#live + LEAST_WEIGHT) {
      const oldest = this.#segments.shift()
      if (oldest === undefined) return
      this.#weight -= weightOf(oldest)
      budget -= weightOf(oldest)
      for (const address of oldest.addresses) this.#keep(oldest.number, kindOf(address), slotOf(address))
      drop(oldest.number)
      yield
    }
  }

  #keep(segment: number, kind: number, slot: number): void {
    const { where } = this.#columns[kind]!
    if (where[slot] !== segment + 1) return
    if (this.#options.isUsed(kind, slot)) {
      this.touch(kind, slot)
      return
    }
    where[slot] = 0
    this.#live--
  }

  #slotsOf(addresses: Uint32Array): number[][] {
    const slots: number[][] = this.#columns.map(() => [])
    for (const address of addresses) slots[kindOf(address)]!.push(slotOf(address))
    return slots
  }
}

const kindOf = (address: number): number => (address / KIND) | 0
const slotOf = (address: number): number => address & (KIND - 1)
const weightOf = ({ addresses }: Segment): number => addresses.length + SEGMENT_WEIGHT

function reserve(column: Column, slot: number): void {
  const length = Math.max(slot + 1, 2 * column.dirty.length)
  const { where, dirty } = column
  column.where = new Int32Array(length)
  column.where.set(where)
  column.dirty = new Uint8Array(length)
  column.dirty.set(dirty)
}
