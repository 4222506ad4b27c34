import type { Window } from '../models/windows.ts'
import type { TenantSettings } from '../schemas/settings.ts'
import { BoundedCounts } from './bounded-counts.ts'
import { MOVED, PairMarks, SENT } from './pair-marks.ts'
import { SlotLog } from './slot-log.ts'
import { WindowNames } from './window-names.ts'
import type { WindowState } from './window-table.ts'

/** Ids of names are below. */
const IDS = 2 ** 26

/** The kinds of slots that a window stores. */
export const NAME = 0
export const ITEM = 1
export const PAIR = 2

/** A pair's key among the pairs, by the ids of its names, that of a before that of b. */
export const pairKey = (a: number, b: number): number => a * IDS + b
export const firstOf = (key: number): number => Math.floor(key / IDS)
export const secondOf = (key: number): number => key % IDS

/** Orders of one window with each item (or category) and with each two of them; a before b by UTF-16 code units. */
export class BasketWindow implements WindowState {
  readonly key: string
  readonly window: Window
  closedAt: number | null = null
  /** What is counted, and what was taken back less. */
  orders = 0
  /** Orders added or taken back. */
  changes = 0
  /** `changes` when all pairs were last sent: after that, confidence and lift of any may have moved. */
  covered = 0
  /** Corrections of the final result. */
  revision = 0
  /** Of the round in which all pairs are being sent: the slot that is next, -1 for no round, and `changes` at its beginning. */
  cursor = -1
  roundAt = 0
  /** The worker's clock when the last such round began, or since when it is known that none did. */
  roundSince: number | null = null
  /** One of the numbers above, as far as they are stored, is another than stored. */
  headChanged = false

  readonly names: WindowNames
  /** By the id of the name. */
  readonly items: BoundedCounts
  /** By pairKey. */
  readonly pairs: BoundedCounts
  readonly marks = new PairMarks()
  readonly log: SlotLog
  readonly #withdraw: (key: string) => void

  /** @param withdraw is told of a pair with a result that is counted no longer */
  constructor(key: string, window: Window, { crossSell }: TenantSettings, withdraw: (pair: string) => void) {
    this.key = key
    this.window = window
    this.#withdraw = withdraw
    this.log = new SlotLog({ kinds: 3, isUsed: (kind, slot) => this.#isUsed(kind, slot) })
    this.names = new WindowNames((id) => this.log.touch(NAME, id))
    this.items = new BoundedCounts(crossSell.maxItems, {
      entered: (slot) => this.names.retain(this.items.keyOf(slot)),
      leaves: (slot) => this.#itemLeaves(slot),
    })
    this.pairs = new BoundedCounts(crossSell.maxPairs, {
      entered: (slot) => this.#pairEnters(slot),
      leaves: (slot) => this.#pairLeaves(slot),
    })
  }

  /** `<a>+<b>`, percent-encoded. */
  pairName(slot: number): string {
    const key = this.pairs.keyOf(slot)
    return `${this.names.keyOf(firstOf(key))}+${this.names.keyOf(secondOf(key))}`
  }

  /** Counts an order with a name more or less. */
  countItem(id: number, orders: number): void {
    const slot = orders > 0 ? this.items.add(id) : this.items.takeBack(id)
    if (slot >= 0) this.log.touch(ITEM, slot)
  }

  /** The same for two names. @returns the slot of the pair, -1 when it isn't kept */
  countPair(a: number, b: number, orders: number): number {
    const key = pairKey(a, b)
    const slot = orders > 0 ? this.pairs.add(key) : this.pairs.takeBack(key)
    if (slot >= 0) this.log.touch(PAIR, slot)
    return slot
  }

  /** What is stored of a pair's marks is another than stored. */
  pairChanged(slot: number): void {
    this.log.touch(PAIR, slot)
  }

  /** Once all is restored. */
  settle(): void {
    const { names, items, pairs, marks } = this
    for (let slot = 0; slot < items.high; slot++) if (items.isUsed(slot)) names.retain(items.keyOf(slot))
    for (let slot = 0; slot < pairs.high; slot++) {
      if (!pairs.isUsed(slot)) continue
      this.#holdNames(slot)
      if (this.closedAt === null && marks.has(slot, MOVED)) marks.moved(slot)
    }
    for (const each of [names, items, pairs]) each.settle()
  }

  #isUsed(kind: number, slot: number): boolean {
    if (kind === NAME) return this.names.textOf(slot) !== null
    return (kind === ITEM ? this.items : this.pairs).isUsed(slot)
  }

  #holdNames(slot: number): void {
    const key = this.pairs.keyOf(slot)
    this.names.retain(firstOf(key))
    this.names.retain(secondOf(key))
  }

  #pairEnters(slot: number): void {
    this.#holdNames(slot)
    if (this.closedAt !== null && this.cursor >= 0 && slot >= this.cursor) this.marks.passOver(slot, true)
  }

  #itemLeaves(slot: number): void {
    this.names.release(this.items.keyOf(slot))
    this.log.touch(ITEM, slot)
  }

  #pairLeaves(slot: number): void {
    if (this.marks.has(slot, SENT)) this.#withdraw(this.pairName(slot))
    this.marks.clear(slot)
    const key = this.pairs.keyOf(slot)
    this.names.release(firstOf(key))
    this.names.release(secondOf(key))
    this.log.touch(PAIR, slot)
  }
}
