import { seeded } from '../../../bench/random.ts'
import type { Survey } from '../../../schemas/avro/survey.ts'
import type { Transaction } from '../../../schemas/avro/transaction.ts'
import type { InputEvent } from '../../../schemas/events.ts'
import { DAY, survey, transaction } from '../../processors/build-event.ts'

const FIRST_DAY = Date.UTC(2026, 0, 1)
const DAYS = 16
const NPS_WINDOWS = { tumblingMs: [DAY], hopping: [{ sizeMs: 3 * DAY, hopMs: DAY }] }
const BASKET_WINDOWS = { tumblingMs: [7 * DAY] }

/** Nothing is late for the customer task: what closes windows is that nothing comes. */
export const AGGREGATE_SETTINGS = {
  currency: 'GBP',
  windows: { graceMs: 60 * DAY, idleMs: 1_000, emitIntervalMs: 200, keptMs: 300 * DAY },
  nps: { ...NPS_WINDOWS, groupBy: ['plan'] },
  crossSell: { ...BASKET_WINDOWS, refreshMs: 1_000 },
}

/** Answers, orders, refunds of tenant shop, in the order of event time; each one in twenty comes again a little later. */
export function aggregateEvents(seed: number, count: number): InputEvent[] {
  const random = seeded(seed)
  const whole = (n: number): number => Math.floor(random() * n)
  const events: InputEvent[] = []
  const orders: Transaction[] = []
  for (let i = 0; i < count; i++) {
    const head = {
      eventId: `a-${seed}-${i}`,
      customerId: `c-${whole(40)}`,
      occurredAt: FIRST_DAY + Math.floor((i / count) * DAYS * DAY),
    }
    const kind = random()
    if (kind < 0.5) {
      const attributes: Record<string, string> = random() < 0.7 ? { plan: ['free', 'pro', 'a/b +%'][whole(3)]! } : {}
      events.push({ topic: 'surveys', event: survey({ ...head, score: whole(11), attributes }) })
    } else {
      const paid = orders.at(-1)
      const isRefund = kind > 0.95 && paid !== undefined
      if (isRefund) orders.pop()
      const bought = Array.from({ length: 1 + whole(5) }, () => whole(12))
      const lines = bought.map((item) => ({
        itemId: `item ${item}`,
        category: `cat/${item % 4}`,
        quantity: 1,
        unitPriceMinor: 100,
      }))
      const order = isRefund
        ? { ...paid, ...head, customerId: paid.customerId, type: 'REFUND' as const, lines: [] }
        : transaction({ ...head, orderId: `o-${seed}-${i}`, amountMinor: lines.length * 100, lines })
      if (!isRefund) orders.push(order)
      events.push({ topic: 'transactions', event: order })
    }
    const again = events[events.length - 1 - whole(3)]
    if (random() < 0.05 && again !== undefined) events.push(again)
  }
  return events
}

/** Of events some of which come twice: each once. */
export function eachOnce(events: readonly InputEvent[]): InputEvent[] {
  return [...new Map(events.map((each) => [each.event.eventId, each])).values()]
}

interface Span {
  readonly start: number
  readonly end: number | null
}

function spansOf(
  at: number,
  { tumblingMs, hopping = [] }: typeof NPS_WINDOWS | (typeof BASKET_WINDOWS & { hopping?: [] }),
): Span[] {
  const hops = [...tumblingMs.map((sizeMs) => ({ sizeMs, hopMs: sizeMs })), ...hopping]
  const spans: Span[] = [{ start: 0, end: null }]
  for (const { sizeMs, hopMs } of hops) {
    for (let start = Math.floor(at / hopMs) * hopMs; start + sizeMs > at; start -= hopMs)
      spans.push({ start, end: start + sizeMs })
  }
  return spans
}

/** promoters, passives, detractors by `<start>/<end> <group>`: of each customer the newest answer in each window. */
export function npsTruth(events: readonly InputEvent[]): Map<string, [number, number, number]> {
  const newest = new Map<string, Survey>()
  for (const each of eachOnce(events)) {
    if (each.topic !== 'surveys') continue
    for (const { start, end } of spansOf(each.event.occurredAt, NPS_WINDOWS)) {
      newest.set(`${start}/${end ?? ''} ${each.event.customerId}`, each.event)
    }
  }
  const counts = new Map<string, [number, number, number]>()
  for (const [key, { score, attributes }] of newest) {
    const [window] = key.split(' ') as [string]
    for (const group of ['', ...(attributes['plan'] === undefined ? [] : [`plan=${attributes['plan']}`])]) {
      const of = counts.get(`${window} ${group}`) ?? [0, 0, 0]
      of[score >= 9 ? 0 : score >= 7 ? 1 : 2]++
      counts.set(`${window} ${group}`, of)
    }
  }
  return counts
}

/** Orders with both by `<level> <start>/<end> <a>+<b>`, and orders in all by `<level> <start>/<end>`. */
export function basketTruth(events: readonly InputEvent[]): Map<string, number> {
  const once = eachOnce(events).flatMap(({ topic, event }) => (topic === 'transactions' ? [event] : []))
  const refunded = new Set(once.flatMap(({ type, orderId }) => (type === 'REFUND' ? [orderId] : [])))
  const counts = new Map<string, number>()
  const add = (key: string): unknown => counts.set(key, (counts.get(key) ?? 0) + 1)
  for (const { orderId, occurredAt, lines } of once) {
    if (refunded.has(orderId)) continue
    for (const level of ['item', 'category'] as const) {
      const names = [...new Set(lines.map((line) => (level === 'item' ? line.itemId : line.category!)))].sort()
      for (const { start, end } of spansOf(occurredAt, BASKET_WINDOWS)) {
        const window = `${level} ${start}/${end ?? ''}`
        add(window)
        for (const [i, a] of names.entries()) for (const b of names.slice(i + 1)) add(`${window} ${a}+${b}`)
      }
    }
  }
  return counts
}
