import type { BasketWindow, ItemCount, PairCount } from './basket-window.ts'
import { newItem, newPair } from './basket-window.ts'
import { encodeNumbers } from './entry-numbers.ts'

const MOVED = 1
const SENT = 2

/** Entries of `aggregate-state` that one tenant's baskets have changed, and what stored ones mean. */
export class BasketEntries {
  readonly #scope: string
  readonly #items = new Set<ItemCount>()
  readonly #pairs = new Set<PairCount>()
  readonly #windows = new Set<BasketWindow>()
  readonly #removed: string[] = []

  constructor(scope: string) {
    this.#scope = scope
  }

  itemChanged(item: ItemCount): void {
    this.#items.add(item)
  }

  pairChanged(pair: PairCount): void {
    this.#pairs.add(pair)
  }

  windowChanged(window: BasketWindow): void {
    this.#windows.add(window)
  }

  itemRemoved(item: ItemCount): void {
    this.#items.delete(item)
    if (item.stored) this.#removed.push(this.#keyOf('i', item.of, item.key))
  }

  pairRemoved(pair: PairCount): void {
    this.#pairs.delete(pair)
    if (pair.stored) this.#removed.push(this.#keyOf('p', pair.of, pair.key))
  }

  windowRemoved(of: BasketWindow): void {
    for (const item of of.items.values()) this.itemRemoved(item)
    for (const pair of of.pairs.values()) this.pairRemoved(pair)
    this.#windows.delete(of)
    this.#removed.push(this.#keyOf('w', of))
  }

  /** Removals first: what was removed may have come again. */
  writeTo(entries: { key: string; value: Buffer | null }[]): void {
    for (const key of this.#removed) entries.push({ key, value: null })
    this.#removed.length = 0
    for (const item of this.#items) {
      item.stored = true
      const { of, key, observed, error } = item
      entries.push({ key: this.#keyOf('i', of, key), value: encodeNumbers([observed, error]) })
    }
    this.#items.clear()
    for (const pair of this.#pairs) {
      pair.stored = true
      const { of, key, observed, error, finals, moved, sent } = pair
      const flags = (moved ? MOVED : 0) | (sent ? SENT : 0)
      entries.push({ key: this.#keyOf('p', of, key), value: encodeNumbers([observed, error, finals, flags]) })
    }
    this.#pairs.clear()
    for (const of of this.#windows) {
      const { closedAt, orders, changes, covered, revision, items, pairs } = of
      const closed = [closedAt === null ? 0 : 1, closedAt ?? 0]
      const numbers = [...closed, orders, changes, covered, revision, items.floor, pairs.floor]
      entries.push({ key: this.#keyOf('w', of), value: encodeNumbers(numbers) })
    }
    this.#windows.clear()
  }

  #keyOf(type: 'i' | 'p' | 'w', { key }: BasketWindow, id?: string): string {
    return id === undefined ? `${this.#scope}/${type}/${key}` : `${this.#scope}/${type}/${key}/${id}`
  }
}

export function restoreItem(of: BasketWindow, key: string, numbers: readonly number[]): void {
  const [observed, error] = numbers as [number, number]
  of.items.restore({ ...newItem(of, key, observed, error), stored: true })
}

export function restorePair(of: BasketWindow, key: string, numbers: readonly number[]): PairCount {
  const [keyA, keyB] = key.split('+') as [string, string]
  const [observed, error, finals, flags] = numbers as [number, number, number, number]
  const names = { keyA, keyB, a: decodeURIComponent(keyA), b: decodeURIComponent(keyB) }
  const known = { stored: true, finals, moved: (flags & MOVED) !== 0, sent: (flags & SENT) !== 0 }
  const pair = { ...newPair(of, key, names, observed, error), ...known }
  of.pairs.restore(pair)
  return pair
}

export function restoreWindow(of: BasketWindow, numbers: readonly number[]): void {
  const [isClosed, closedAt, orders, changes, covered, revision, itemFloor, pairFloor] = numbers as number[]
  of.closedAt = isClosed === 1 ? closedAt! : null
  Object.assign(of, { orders, changes, covered, revision })
  of.items.restoreFloor(itemFloor!)
  of.pairs.restoreFloor(pairFloor!)
}
