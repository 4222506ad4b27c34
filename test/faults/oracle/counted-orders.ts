import type { Transaction } from '../../../schemas/avro/transaction.ts'
import { type Counts, count } from './counted-answers.ts'
import { isOpen, spansOf } from './expected-windows.ts'
import type { Settings } from './settings-book.ts'

const LEVELS = ['item', 'category'] as const
const MAX_NAME_BYTES = 256

interface Order {
  readonly tenantId: string
  readonly at: number
  readonly currency: string
  amountMinor: number
  /** Item -> how many, and its category. */
  readonly lines: Map<string, { quantity: number; readonly category: string | null }>
  /** `<tenant>/<level>/<window>` -> what it counts with there: a window that was closed keeps what it had. */
  readonly counted: Map<string, readonly string[]>
}

/** The orders of a partition, by the windows that were open to them. */
export class CountedOrders {
  readonly #all: Order[] = []
  /** By customer: the orders that can still be taken back, oldest first. */
  readonly #kept = new Map<string, Map<string, Order>>()

  /**
   * @param customer different for each life of a customer
   * @param streamTime when it came
   * @returns why it is a dead letter as well
   */
  add(event: Transaction, customer: string, settings: Settings, streamTime: number): string | null {
    const kept = this.#kept.get(customer) ?? new Map<string, Order>()
    this.#kept.set(customer, kept)
    const known = event.orderId === null ? undefined : kept.get(event.orderId)
    if (event.type === 'REFUND') {
      if (known === undefined) return null
      takeBack(known, event)
      this.#recount(known, settings, streamTime, 'refund')
      if (known.lines.size === 0) kept.delete(event.orderId!)
      return null
    }
    if (event.type !== 'PURCHASE' || event.lines.length === 0) return null
    const order = known ?? newOrder(event)
    const lines = new Map(order.lines)
    for (const { itemId, category, quantity } of event.lines) {
      const before = lines.get(itemId)
      lines.set(itemId, {
        quantity: quantity + (before?.quantity ?? 0),
        category: before?.category ?? category,
      })
    }
    if (lines.size > settings.crossSell.maxOrderItems) return 'ORDER_TOO_LARGE'
    const names = [...lines].flatMap(([itemId, { category }]) => [itemId, category ?? ''])
    if (names.some((name) => Buffer.byteLength(name) > MAX_NAME_BYTES)) return 'NAME_TOO_LONG'
    for (const [itemId, line] of lines) order.lines.set(itemId, line)
    if (known === undefined) this.#all.push(order)
    if (event.currency === order.currency) order.amountMinor += event.amountMinor
    const isLate = this.#recount(order, settings, streamTime, 'purchase')
    if (event.orderId === null || Buffer.byteLength(event.orderId) > MAX_NAME_BYTES) return isLate ? 'LATE' : null
    kept.set(event.orderId, order)
    if (kept.size > settings.crossSell.orders) kept.delete([...kept.keys()][0]!)
    return isLate ? 'LATE' : null
  }

  /**
   * `<window>` for all orders of a window, `<window>/<item>` and `<window>/<a>+<b>`: as in keys of results, where a window
   * is `<tenant>/<level>/<start>/<end>`.
   */
  addTo(counts: Counts): void {
    for (const { counted } of this.#all) {
      for (const [window, names] of counted) {
        if (names.length === 0) continue
        count(counts, window)
        const encoded = names.toSorted((a, b) => (a < b ? -1 : 1)).map(encodeURIComponent)
        for (const [i, a] of encoded.entries()) {
          count(counts, `${window}/${a}`)
          for (const b of encoded.slice(i + 1)) count(counts, `${window}/${a}+${b}`)
        }
      }
    }
  }

  /**
   * A refund only takes away: what came too late for a window isn't counted there by it, however early its stream time
   * is taken to have been.
   * @returns whether a window of it is closed
   */
  #recount(
    { tenantId, at, lines, counted }: Order,
    { crossSell, windows }: Settings,
    streamTime: number,
    by: 'purchase' | 'refund',
  ): boolean {
    const spans = spansOf(at, crossSell, windows.offsetMs)
    const open = spans.filter((span) => isOpen(span, streamTime, windows.graceMs))
    for (const level of LEVELS) {
      const names = new Set<string>()
      for (const [itemId, { category }] of lines) {
        if (level === 'item') names.add(itemId)
        else if (category !== null) names.add(category)
      }
      for (const span of open) {
        const window = `${tenantId}/${level}/${span}`
        const had = counted.get(window) ?? []
        counted.set(window, by === 'purchase' ? [...names] : had.filter((name) => names.has(name)))
      }
    }
    return open.length < spans.length
  }
}

function newOrder({ tenantId, occurredAt, currency }: Transaction): Order {
  return { tenantId, at: occurredAt, currency, amountMinor: 0, lines: new Map(), counted: new Map() }
}

/** What the lines say, or all of it when there are none and all that was paid comes back. */
function takeBack(order: Order, { lines, currency, amountMinor }: Transaction): void {
  const paidBack = currency === order.currency ? amountMinor : 0
  order.amountMinor = Math.max(0, order.amountMinor - paidBack)
  for (const { itemId, quantity } of lines) {
    const line = order.lines.get(itemId)
    if (line !== undefined) order.lines.set(itemId, { ...line, quantity: line.quantity - quantity })
  }
  for (const [itemId, { quantity }] of order.lines) if (quantity <= 0) order.lines.delete(itemId)
  if (lines.length === 0 && paidBack > 0 && order.amountMinor === 0) order.lines.clear()
}
