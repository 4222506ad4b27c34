import type { Window } from '../models/windows.ts'
import type { BasketDelta } from '../schemas/avro/basket-delta.ts'
import type { TenantSettings } from '../schemas/settings.ts'
import { encodeSegment, restoreSegment } from './basket-segment.ts'
import { BasketWindow } from './basket-window.ts'
import { type AggregateChanges, type AggregateResult, type DeltaRefusal, windowsGone } from './changes.ts'
import { decodeNumbers, encodeNumbers } from './entry-numbers.ts'
import { KeptResults } from './kept-results.ts'
import { MOVED, PASSED_OVER, SENT } from './pair-marks.ts'
import { type BasketLevel, isSupported, pairResult } from './pair-result.ts'
import type { AggregateClock } from './source-times.ts'
import { WindowTable, windowKey } from './window-table.ts'

/** Pairs that are counted, or looked at, between two chances to give way. */
const SLICE_PAIRS = 2_048
/** Of the results of one call, the share that rounds may take from pairs that moved. */
const ROUND_SHARE = 0.5

interface Segment {
  readonly number: number
  readonly value: Buffer
}

/**
 * What is bought together in one tenant's orders, at one level, in all its windows: orders with each item and each pair,
 * in bounded memory (BoundedCounts). A pair is sent when its own orders moved; as every order moves the confidence and
 * lift of others, all pairs of a window are sent again every `refreshMs` while orders come, and once more when it closes.
 *
 * Generators give way at every `yield`, at least every few milliseconds.
 */
export class BasketAggregate {
  readonly #scope: string
  readonly #tenantId: string
  readonly #level: BasketLevel
  readonly #table: WindowTable<BasketWindow>
  readonly #kept: KeptResults
  readonly #restored = new Map<BasketWindow, Segment[]>()
  #withdrawn: AggregateResult[] = []
  #sourcesChanged = false
  #turn = 0

  constructor(scope: string, tenantId: string, level: BasketLevel, partitions: number, settings: () => TenantSettings) {
    this.#scope = scope
    this.#tenantId = tenantId
    this.#level = level
    this.#kept = new KeptResults(scope, (result) => this.#withdrawal(result))
    this.#table = new WindowTable(partitions, (key, window) => {
      const withdraw = (pair: string): unknown => this.#withdrawn.push(this.#withdrawal(`${key}/${pair}`))
      return new BasketWindow(key, window, settings(), withdraw)
    })
  }

  /** Takes an entry of `aggregate-state`; they may come in any order. */
  restore(type: string, window: Window, id: string, value: Buffer): void {
    if (type === '') this.#table.restore(decodeNumbers(value))
    else if (type === 'r') this.#kept.restore(windowKey(window), id, value)
    else {
      const of = this.#table.restored(window)
      const segments = this.#restored.get(of) ?? []
      segments.push({ number: Number(id), value })
      this.#restored.set(of, segments)
    }
  }

  /** @param writtenAt timestamp of the delta's record */
  *add(delta: BasketDelta, writtenAt: number, settings: TenantSettings): Generator<void, DeltaRefusal | null> {
    yield* this.#settleRestored()
    const order = delta.names.map((_, i) => i).sort((i, j) => (delta.names[i]! < delta.names[j]! ? -1 : 1))
    const rank = new Int32Array(order.length)
    for (let i = 0; i < order.length; i++) rank[order[i]!] = i
    const sorted = order.map((i) => delta.names[i]!)
    const baskets = delta.baskets.map(({ orders, windows, names }) => {
      return { orders, windows, ranks: Int32Array.from(names, (position) => rank[position]!).sort() }
    })
    const gone: string[] = []
    for (const [position, window] of delta.windows.entries()) {
      const of = this.#table.find(window)
      if (of === null) gone.push(`${window.start}-${window.end}`)
      else {
        const mine = baskets.filter(({ windows }) => windows.includes(position))
        yield* this.#addBaskets(of, sorted, mine, settings)
      }
    }
    this.#table.sources.observe(delta.source, delta.streamTime, writtenAt)
    this.#sourcesChanged = true
    return windowsGone(this.#scope, gone)
  }

  /** Closes windows, sends what is due, `limit` results at most, and says what changed. @returns how many were sent */
  *flush(
    clock: AggregateClock,
    settings: TenantSettings,
    limit: number,
    into: AggregateChanges,
  ): Generator<void, number> {
    yield* this.#settleRestored()
    for (const of of this.#table.close(clock, settings)) {
      of.covered = of.changes
      this.#beginRound(of, clock.now)
    }
    for (const result of this.#withdrawn) into.results.push(result)
    this.#withdrawn = []
    yield
    let sent = 0
    // Another window is the first each time, so that none waits for ever.
    const windows = [...this.#table.values()]
    const first = this.#turn++ % Math.max(1, windows.length)
    for (const of of [...windows.slice(first), ...windows.slice(0, first)]) {
      sent += yield* this.#sendDue(of, clock, settings, limit - sent, into)
    }
    const gone = this.#table.remove(clock, settings, (of) => of.cursor < 0 && of.covered === of.changes)
    for (const of of gone) yield* this.#removeWindow(of, into)
    sent += this.#kept.flush(clock, settings, limit - sent, into)
    for (const of of this.#table.values()) yield* this.#store(of, into)
    if (this.#sourcesChanged || gone.length > 0) {
      into.entries.push({ key: this.#scope, value: encodeNumbers(this.#table.toNumbers()) })
    }
    this.#sourcesChanged = false
    return sent
  }

  *#addBaskets(
    of: BasketWindow,
    sorted: readonly string[],
    baskets: readonly { readonly orders: number; readonly ranks: Int32Array }[],
    settings: TenantSettings,
  ): Generator<void> {
    // Held until all are counted: an id that is let go would be another name's.
    const held = new Int32Array(sorted.length).fill(-1)
    let work = 0
    for (const { orders, ranks } of baskets) {
      of.orders += orders
      of.changes++
      const ids: number[] = []
      for (const position of ranks) {
        if (held[position] === -1 && (orders > 0 || of.names.find(sorted[position]!) >= 0)) {
          held[position] = of.names.hold(sorted[position]!)
        }
        if (held[position] !== -1) ids.push(held[position]!)
      }
      for (let i = 0; i < ids.length; i++) {
        of.countItem(ids[i]!, orders)
        for (let j = i + 1; j < ids.length; j++) countPair(of, ids[i]!, ids[j]!, orders, settings)
        work += ids.length - i
        if (work < SLICE_PAIRS) continue
        work = 0
        yield
      }
    }
    for (const id of held) if (id !== -1) of.names.release(id)
    of.headChanged ||= baskets.length > 0
  }

  /** What of a window is to be sent now. @returns how many were */
  *#sendDue(
    of: BasketWindow,
    { now }: AggregateClock,
    settings: TenantSettings,
    limit: number,
    into: AggregateChanges,
  ): Generator<void, number> {
    this.#refresh(of, now, settings.crossSell.refreshMs)
    const before = into.results.length
    const sent = (): number => into.results.length - before
    yield* this.#goOnWithRound(of, settings, Math.ceil(limit * ROUND_SHARE), now, into)
    for (let looked = 1; of.closedAt === null && sent() < limit; looked++) {
      const slot = of.marks.take(now, settings.windows.emitIntervalMs)
      if (slot < 0) break
      this.#send(of, slot, settings, now, into)
      if (looked % SLICE_PAIRS === 0) yield
    }
    yield* this.#goOnWithRound(of, settings, limit - sent(), now, into)
    return sent()
  }

  /** All pairs are to be sent: those of an open window that a change reached, those of a closed one for the final result. */
  #refresh(of: BasketWindow, now: number, refreshMs: number): void {
    of.roundSince ??= now
    if (of.cursor >= 0 || of.covered === of.changes || now - of.roundSince < refreshMs) return
    if (of.closedAt !== null) {
      of.revision++
      of.covered = of.changes
    }
    this.#beginRound(of, now)
  }

  #beginRound(of: BasketWindow, now: number): void {
    of.roundSince = now
    of.roundAt = of.changes
    of.cursor = 0
    of.headChanged = true
  }

  /** The slots from the cursor on, until `limit` results are sent. */
  *#goOnWithRound(
    of: BasketWindow,
    settings: TenantSettings,
    limit: number,
    now: number,
    into: AggregateChanges,
  ): Generator<void> {
    const before = into.results.length
    while (of.cursor >= 0 && into.results.length - before < limit) {
      const slot = of.cursor++
      if (slot >= of.pairs.high) {
        of.cursor = -1
        if (of.closedAt === null) of.covered = of.roundAt
      } else if (of.marks.has(slot, PASSED_OVER)) {
        of.marks.passOver(slot, false)
        of.pairChanged(slot)
      } else if (of.pairs.isUsed(slot) && (of.closedAt !== null || of.marks.sentAt(slot) !== of.changes)) {
        this.#send(of, slot, settings, now, into)
      }
      of.headChanged = true
      if (slot % SLICE_PAIRS === SLICE_PAIRS - 1) yield
    }
  }

  #send(of: BasketWindow, slot: number, settings: TenantSettings, now: number, into: AggregateChanges): void {
    const { marks } = of
    const wasSent = marks.has(slot, SENT)
    const isResult = isSupported(of, slot, settings)
    if (isResult || wasSent) {
      const key = this.#resultKey(`${of.key}/${of.pairName(slot)}`)
      const value = isResult ? pairResult(of, slot, this.#tenantId, this.#level, settings, now) : null
      into.results.push({ topic: 'cross-sell', key, value })
    }
    if (wasSent !== isResult || marks.has(slot, MOVED)) of.pairChanged(slot)
    marks.sent(slot, isResult, of.changes)
  }

  /** Once all is restored: what was waiting to be sent waits again. */
  *#settleRestored(): Generator<void> {
    for (const [of, segments] of this.#restored) {
      for (const { number, value } of segments.sort((a, b) => a.number - b.number)) {
        of.log.restore(number, restoreSegment(of, value))
        yield
      }
      of.settle()
      this.#restored.delete(of)
      yield
    }
  }

  *#store(of: BasketWindow, { entries }: AggregateChanges): Generator<void> {
    if (!of.headChanged && !of.log.isDirty) return
    of.headChanged = false
    yield* of.log.write(
      (segment, slots) => entries.push({ key: this.#segmentKey(of, segment), value: encodeSegment(of, slots) }),
      (segment) => entries.push({ key: this.#segmentKey(of, segment), value: null }),
    )
  }

  /** Its results are kept for longer. */
  *#removeWindow(of: BasketWindow, { entries }: AggregateChanges): Generator<void> {
    const sent: string[] = []
    for (let slot = 0; slot < of.pairs.high; slot++) {
      if (of.pairs.isUsed(slot) && of.marks.has(slot, SENT)) sent.push(of.pairName(slot))
      if (slot % SLICE_PAIRS === SLICE_PAIRS - 1) yield
    }
    this.#kept.add(of.key, of.closedAt!, sent)
    for (const segment of of.log.numbers()) entries.push({ key: this.#segmentKey(of, segment), value: null })
  }

  #segmentKey({ key }: BasketWindow, segment: number): string {
    return `${this.#scope}/s/${key}/${segment}`
  }

  /** @param result `<start>/<end>/<a>+<b>` */
  #withdrawal(result: string): AggregateResult {
    return { topic: 'cross-sell', key: this.#resultKey(result), value: null }
  }

  #resultKey(result: string): string {
    return `${this.#tenantId}/${this.#level}/${result}`
  }
}

function countPair(of: BasketWindow, a: number, b: number, orders: number, settings: TenantSettings): void {
  const slot = of.countPair(a, b, orders)
  // A closed window is corrected as a whole.
  if (slot < 0 || of.closedAt !== null) return
  if (of.marks.has(slot, SENT) || isSupported(of, slot, settings)) of.marks.moved(slot)
}
