import type { InputEvent } from '../../schemas/events.ts'

const DAY_MS = 86_400_000

/** `<start>/<end>`, end empty for since ever. */
export type WindowName = string

/** Windows of NPS by default: days, weeks that begin every day, since ever. */
export function npsWindows(at: number): WindowName[] {
  const day = Math.floor(at / DAY_MS)
  const weeks = Array.from({ length: 7 }, (_, back) => windowName(day - back, 7))
  return ['0/', windowName(day, 1), ...weeks]
}

/** Windows of cross-sell by default: weeks, counted from 1970, and since ever. */
export function crossSellWindows(at: number): WindowName[] {
  const week = Math.floor(at / (7 * DAY_MS))
  return ['0/', windowName(7 * week, 7)]
}

function windowName(firstDay: number, days: number): WindowName {
  return `${firstDay * DAY_MS}/${(firstDay + days) * DAY_MS}`
}

export interface ExpectedAnswers {
  promoters: number
  passives: number
  detractors: number
}

/** Of each customer the newest NPS answer in each window counts, by `<window> <group>`; group is '' or `region=<value>`. */
export function expectedNps(events: Iterable<InputEvent>): Map<string, ExpectedAnswers> {
  const newest = new Map<string, { readonly at: number; readonly score: number; readonly region: string | undefined }>()
  for (const { topic, event } of events) {
    if (topic !== 'surveys' || event.kind !== 'NPS') continue
    for (const window of npsWindows(event.occurredAt)) {
      const key = `${window} ${event.customerId}`
      const { occurredAt: at, score } = event
      if ((newest.get(key)?.at ?? 0) <= at) newest.set(key, { at, score, region: event.attributes['region'] })
    }
  }
  const counts = new Map<string, ExpectedAnswers>()
  for (const [key, { score, region }] of newest) {
    const window = key.slice(0, key.indexOf(' '))
    for (const group of region === undefined ? [''] : ['', `region=${region}`]) {
      const name = `${window} ${group}`
      const known = counts.get(name) ?? { promoters: 0, passives: 0, detractors: 0 }
      counts.set(name, known)
      if (score >= 9) known.promoters++
      else if (score >= 7) known.passives++
      else known.detractors++
    }
  }
  return counts
}

/** The orders of one window, and for each item which of them have it, ascending. */
export interface ExpectedOrders {
  orders: number
  /** Σ n(n − 1)/2 over orders of n items. */
  pairs: number
  readonly byItem: Map<string, number[]>
}

/** @param events purchases with the items as lines, one each */
export function expectedOrders(events: Iterable<InputEvent>): Map<WindowName, ExpectedOrders> {
  const windows = new Map<WindowName, ExpectedOrders>()
  for (const { topic, event } of events) {
    if (topic !== 'transactions' || event.type !== 'PURCHASE' || event.lines.length === 0) continue
    for (const window of crossSellWindows(event.occurredAt)) {
      const known = windows.get(window) ?? { orders: 0, pairs: 0, byItem: new Map<string, number[]>() }
      windows.set(window, known)
      const order = known.orders++
      known.pairs += (event.lines.length * (event.lines.length - 1)) / 2
      for (const { itemId } of event.lines) {
        const orders = known.byItem.get(itemId)
        if (orders === undefined) known.byItem.set(itemId, [order])
        else orders.push(order)
      }
    }
  }
  return windows
}

/** Orders with both. */
export function ordersWithBoth({ byItem }: ExpectedOrders, a: string, b: string): number {
  const [one = [], other = []] = [byItem.get(a), byItem.get(b)]
  let both = 0
  for (let i = 0, j = 0; i < one.length && j < other.length; ) {
    const order = one[i]!
    const another = other[j]!
    if (order === another) both++
    if (order <= another) i++
    if (another <= order) j++
  }
  return both
}
