import type { Window } from '../models/windows.ts'
import type { BasketDelta } from '../schemas/avro/basket-delta.ts'
import type { TenantSettings } from '../schemas/settings.ts'
import { BasketEntries, restoreItem, restorePair, restoreWindow } from './basket-entries.ts'
import {
  type BasketWindow,
  type ItemCount,
  newBasketWindow,
  newItem,
  newPair,
  type PairCount,
} from './basket-window.ts'
import { type AggregateChanges, type DeltaRefusal, windowsGone } from './changes.ts'
import { encodeNumbers } from './entry-numbers.ts'
import { type BasketLevel, ordersOf, pairResult } from './pair-result.ts'
import { SendQueue } from './send-queue.ts'
import type { AggregateClock } from './source-times.ts'
import { WindowTable } from './window-table.ts'

interface Name {
  readonly text: string
  readonly key: string
}

/**
 * What is bought together in one tenant's orders, at one level, in all its windows: orders with each item and each pair,
 * in bounded memory (BoundedCounts). A pair is sent when its own orders moved; as every order moves the confidence and
 * lift of others, all pairs of a window are sent again every `refreshMs` while orders come, and once more when it closes.
 */
export class BasketAggregate {
  readonly #scope: string
  readonly #tenantId: string
  readonly #level: BasketLevel
  readonly #table: WindowTable<BasketWindow>
  readonly #queue = new SendQueue<PairCount>()
  readonly #entries: BasketEntries
  /** Keys of results that are no longer kept. */
  readonly #withdrawn: string[] = []
  readonly #restored: PairCount[] = []
  #sourcesChanged = false

  constructor(scope: string, tenantId: string, level: BasketLevel, partitions: number, settings: () => TenantSettings) {
    this.#scope = scope
    this.#tenantId = tenantId
    this.#level = level
    this.#entries = new BasketEntries(scope)
    this.#table = new WindowTable(partitions, (key, window) => newBasketWindow(key, window, settings()))
  }

  /** Takes an entry of `aggregate-state`; they may come in any order. */
  restore(type: string, window: Window, id: string, numbers: readonly number[]): void {
    if (type === '') {
      this.#table.restore(numbers)
      return
    }
    const of = this.#table.restored(window)
    if (type === 'i') restoreItem(of, id, numbers)
    else if (type === 'p') this.#restored.push(restorePair(of, id, numbers))
    else restoreWindow(of, numbers)
  }

  /** @param writtenAt timestamp of the delta's record */
  add(delta: BasketDelta, writtenAt: number): DeltaRefusal | null {
    this.#settleRestored()
    const gone: string[] = []
    const windows = delta.windows.map((window) => {
      const found = this.#table.find(window)
      if (found === null) gone.push(`${window.start}-${window.end}`)
      return found
    })
    const order = delta.names.map((_, i) => i).sort((i, j) => (delta.names[i]! < delta.names[j]! ? -1 : 1))
    const rank = new Map(order.map((position, i) => [position, i]))
    const sorted = order.map((i): Name => ({ text: delta.names[i]!, key: encodeURIComponent(delta.names[i]!) }))
    for (const basket of delta.baskets) {
      const ranks = basket.names.map((position) => rank.get(position)!).sort((i, j) => i - j)
      const names = ranks.map((i) => sorted[i]!)
      for (const position of basket.windows) {
        const of = windows[position]!
        if (of !== null) this.#addBasket(of, names, basket.orders)
      }
    }
    this.#table.sources.observe(delta.source, delta.streamTime, writtenAt)
    this.#sourcesChanged = true
    return windowsGone(this.#scope, gone)
  }

  /** Closes windows, sends what is due, `limit` results at most, and says what changed. @returns how many were sent */
  flush(clock: AggregateClock, settings: TenantSettings, limit: number, into: AggregateChanges): number {
    this.#settleRestored()
    for (const of of this.#table.close(clock, settings)) {
      of.covered = of.changes
      this.#beginRound(of, clock.now)
    }
    for (const of of this.#table.values()) this.#refresh(of, clock.now, settings.crossSell.refreshMs)
    for (const key of this.#withdrawn) into.results.push({ topic: 'cross-sell', key, value: null })
    this.#withdrawn.length = 0
    const due = this.#queue.take(clock.now, settings.windows.emitIntervalMs, limit)
    for (const pair of due) this.#send(pair, settings, clock.now, into)
    const gone = this.#table.remove(clock, settings, (of) => of.roundLeft === 0 && of.covered === of.changes)
    for (const of of gone) this.#removeWindow(of)
    this.#entries.writeTo(into.entries)
    if (this.#sourcesChanged || gone.length > 0) {
      into.entries.push({ key: this.#scope, value: encodeNumbers(this.#table.toNumbers()) })
    }
    this.#sourcesChanged = false
    return due.length
  }

  #addBasket(of: BasketWindow, names: readonly Name[], orders: number): void {
    of.orders += orders
    of.changes++
    this.#entries.windowChanged(of)
    for (let i = 0; i < names.length; i++) {
      const a = names[i]!
      this.#count(of, a, orders)
      for (let j = i + 1; j < names.length; j++) this.#countPair(of, a, names[j]!, orders)
    }
  }

  #count(of: BasketWindow, { key }: Name, orders: number): void {
    const item =
      orders > 0
        ? of.items.add(key, (error) => newItem(of, key, 1, error), this.#letItemGo)
        : of.items.takeBack(key, this.#letItemGo)
    if (item !== undefined) this.#entries.itemChanged(item)
  }

  #countPair(of: BasketWindow, a: Name, b: Name, orders: number): void {
    const key = `${a.key}+${b.key}`
    const pair =
      orders > 0
        ? of.pairs.add(
            key,
            (error) => newPair(of, key, { a: a.text, b: b.text, keyA: a.key, keyB: b.key }, 1, error),
            this.#letPairGo,
          )
        : of.pairs.takeBack(key, this.#letPairGo)
    if (pair === undefined) return
    this.#entries.pairChanged(pair)
    // A closed window is corrected as a whole.
    if (of.closedAt !== null) return
    pair.moved = true
    this.#queue.add(pair)
  }

  readonly #letItemGo = (item: ItemCount): void => this.#entries.itemRemoved(item)

  readonly #letPairGo = (pair: PairCount): void => {
    this.#entries.pairRemoved(pair)
    this.#queue.delete(pair)
    if (pair.inRound) this.#leaveRound(pair)
    if (pair.sent) this.#withdrawn.push(this.#resultKey(pair))
  }

  /** All pairs are to be sent: those of an open window that a change reached, those of a closed one for the final result. */
  #refresh(of: BasketWindow, now: number, refreshMs: number): void {
    of.roundSince ??= now
    if (of.roundLeft > 0 || of.covered === of.changes || now - of.roundSince < refreshMs) return
    if (of.closedAt !== null) {
      of.revision++
      of.covered = of.changes
    }
    this.#beginRound(of, now)
  }

  #beginRound(of: BasketWindow, now: number): void {
    of.roundSince = now
    of.roundAt = of.changes
    this.#entries.windowChanged(of)
    for (const pair of of.pairs.values()) {
      if (!pair.inRound && this.#needsSending(pair)) this.#joinRound(pair)
    }
    if (of.roundLeft === 0) of.covered = of.roundAt
  }

  #needsSending({ of, finals, sentAt }: PairCount): boolean {
    return of.closedAt === null ? sentAt !== of.changes : finals <= of.revision
  }

  #joinRound(pair: PairCount): void {
    pair.inRound = true
    pair.of.roundLeft++
    this.#queue.add(pair)
  }

  #leaveRound(pair: PairCount): void {
    const { of } = pair
    pair.inRound = false
    of.roundLeft--
    if (of.roundLeft > 0) return
    if (of.closedAt === null) of.covered = of.roundAt
    this.#entries.windowChanged(of)
  }

  #send(pair: PairCount, settings: TenantSettings, now: number, into: AggregateChanges): void {
    const { of } = pair
    const isResult = ordersOf(pair) >= settings.crossSell.minOrders
    if (isResult || pair.sent) {
      const value = isResult ? pairResult(pair, this.#tenantId, this.#level, settings, now) : null
      into.results.push({ topic: 'cross-sell', key: this.#resultKey(pair), value })
    }
    const finals = of.closedAt === null ? 0 : of.revision + 1
    if (pair.moved || pair.sent !== isResult || pair.finals !== finals) this.#entries.pairChanged(pair)
    pair.moved = false
    pair.sent = isResult
    pair.finals = finals
    pair.sentAt = of.changes
    if (pair.inRound) this.#leaveRound(pair)
  }

  /** Once all is restored: what was waiting to be sent waits again. */
  #settleRestored(): void {
    for (const pair of this.#restored.splice(0)) {
      const { of } = pair
      if (of.pairs.get(pair.key) !== pair) continue
      if (of.closedAt === null) {
        if (pair.moved) this.#queue.add(pair)
      } else if (this.#needsSending(pair)) this.#joinRound(pair)
    }
  }

  #removeWindow(of: BasketWindow): void {
    for (const pair of of.pairs.values()) this.#queue.delete(pair)
    this.#entries.windowRemoved(of)
  }

  #resultKey({ of, key }: PairCount): string {
    return `${this.#tenantId}/${this.#level}/${of.key}/${key}`
  }
}
