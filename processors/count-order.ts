import { windowsVersion } from '../models/windows.ts'
import type { Transaction } from '../schemas/avro/transaction.ts'
import type { EventContext } from './event-context.ts'
import { type KeptLine, type KeptOrder, KeptOrders } from './kept-orders.ts'
import { openWindows } from './open-windows.ts'
import { FORWARD, type Refusal } from './outcome.ts'
import type { Processor } from './processor.ts'

/** An order with a longer id isn't kept. */
const MAX_ORDER_ID_BYTES = 256
/** An order with a longer item id or category isn't counted. */
const MAX_NAME_BYTES = 256

/**
 * Says what a purchase or refund changes in the baskets of its windows. Purchases with the same order id are one order,
 * dated by the first, while it is kept. A refund of an order that is kept takes the lines it names out of it, or all of it
 * when it names none and pays all of it back; a part of the money alone doesn't say which items came back.
 */
export function createCountOrder(): Processor {
  return (context) => {
    if (context.input.topic !== 'transactions') return FORWARD
    const { event } = context.input
    if (event.type === 'PURCHASE') purchase(event, context)
    else if (event.type === 'REFUND') refund(event, context)
    return FORWARD
  }
}

function purchase(event: Transaction, context: EventContext): void {
  if (event.lines.length === 0) return
  const { crossSell } = context.tenant
  const kept = event.orderId === null ? null : new KeptOrders(context.draft.keptOrders)
  const before = kept?.find(event.orderId!)
  const order = before === undefined ? newOrder(event, context) : withPurchase(before, event)
  context.late = uncountable(order, crossSell.maxOrderItems)
  if (context.late !== null) return
  context.late = change(order, before?.lines ?? [], order.lines, context)
  if (kept === null || Buffer.byteLength(order.id) > MAX_ORDER_ID_BYTES) return
  kept.put(order)
  context.draft.keptOrders = kept.toBytes(crossSell.orders, crossSell.orderBytes)
}

function refund(event: Transaction, context: EventContext): void {
  if (event.orderId === null || context.draft.keptOrders.length === 0) return
  const { crossSell } = context.tenant
  const kept = new KeptOrders(context.draft.keptOrders)
  const order = kept.find(event.orderId)
  if (order === undefined) return
  const left = withRefund(order, event)
  // Not late: the windows are the order's, and those that are closed keep it.
  change(order, order.lines, left.lines, context)
  if (left.lines.length === 0) kept.delete(order.id)
  else kept.put(left)
  context.draft.keptOrders = kept.toBytes(crossSell.orders, crossSell.orderBytes)
}

function newOrder(event: Transaction, { tenant }: EventContext): KeptOrder {
  const { occurredAt, currency, amountMinor } = event
  const version = windowsVersion(tenant, 'crossSell')
  return { id: event.orderId ?? '', at: occurredAt, version, currency, amountMinor, lines: added([], event) }
}

function withPurchase(order: KeptOrder, event: Transaction): KeptOrder {
  const more = event.currency === order.currency ? event.amountMinor : 0
  return { ...order, amountMinor: order.amountMinor + more, lines: added(order.lines, event) }
}

function withRefund(order: KeptOrder, event: Transaction): KeptOrder {
  const paidBack = event.currency === order.currency ? event.amountMinor : 0
  const amountMinor = Math.max(0, order.amountMinor - paidBack)
  if (event.lines.length > 0) return { ...order, amountMinor, lines: without(order.lines, event) }
  const isAll = paidBack > 0 && amountMinor === 0
  return { ...order, amountMinor, lines: isAll ? [] : order.lines }
}

/** One line an item, in the order in which they came; the category is that of the item's first line that has one. */
function added(lines: readonly KeptLine[], event: Transaction): KeptLine[] {
  const byItem = new Map(lines.map((line) => [line.itemId, line]))
  for (const { itemId, category, quantity } of event.lines) {
    const known = byItem.get(itemId)
    byItem.set(itemId, {
      itemId,
      category: known?.category ?? category,
      quantity: quantity + (known?.quantity ?? 0),
    })
  }
  return [...byItem.values()]
}

function without(lines: readonly KeptLine[], event: Transaction): KeptLine[] {
  const back = new Map<string, number>()
  for (const { itemId, quantity } of event.lines) back.set(itemId, (back.get(itemId) ?? 0) + quantity)
  return lines
    .map((line) => ({ ...line, quantity: line.quantity - (back.get(line.itemId) ?? 0) }))
    .filter(({ quantity }) => quantity > 0)
}

/** @returns why the order is late for some of its windows */
function change(
  order: KeptOrder,
  before: readonly KeptLine[],
  after: readonly KeptLine[],
  context: EventContext,
): Refusal | null {
  const { open, late } = openWindows(order.at, 'crossSell', context)
  // In windows that other settings asked for it was never counted.
  const isOfSettings = before.length === 0 || order.version === windowsVersion(context.tenant, 'crossSell')
  const windows = isOfSettings ? open : open.filter(({ end }) => end === null)
  for (const level of ['item', 'category'] as const) {
    const old = namesOf(before, level)
    const names = namesOf(after, level)
    if (old.size === names.size && [...old].every((name) => names.has(name))) continue
    if (old.size > 0) context.basketChanges.push({ level, windows, names: [...old], orders: -1 })
    if (names.size > 0) context.basketChanges.push({ level, windows, names: [...names], orders: 1 })
  }
  return late
}

function namesOf(lines: readonly KeptLine[], level: 'item' | 'category'): Set<string> {
  if (level === 'item') return new Set(lines.map(({ itemId }) => itemId))
  return new Set(lines.flatMap(({ category }) => (category === null ? [] : [category])))
}

function uncountable({ lines }: KeptOrder, most: number): Refusal | null {
  if (lines.length > most) {
    return {
      reason: 'ORDER_TOO_LARGE',
      error: `lines: ${lines.length} different items, more than ${most}: not counted`,
    }
  }
  for (const { itemId, category } of lines) {
    if (Buffer.byteLength(itemId) > MAX_NAME_BYTES || Buffer.byteLength(category ?? '') > MAX_NAME_BYTES) {
      const error = `lines: an itemId or category has more than ${MAX_NAME_BYTES} bytes: not counted`
      return { reason: 'NAME_TOO_LONG', error }
    }
  }
  return null
}
