import type { Customer } from '../../schemas/avro/customer.ts'
import type { InputEvent } from '../../schemas/events.ts'
import { customerKey } from '../../schemas/partition.ts'
import type { Thresholds } from '../../schemas/thresholds.ts'

const DAY_MS = 86_400_000
const CURRENCY = 'GBP'
/** Customers who may have come or moved since thresholds were made: at most a day's, and a quarter more members. */
const MOVED_SHARE = 0.03

interface Buyer {
  day: number
  purchases: number
  netMinor: number
}

/** Who ever bought: the day of the last purchase, how often, and for how much, from the events. */
export function expectedBuyers(events: Iterable<InputEvent>): Map<string, Buyer> {
  const all = new Map<string, Buyer>()
  for (const { topic, event } of events) {
    if (topic !== 'transactions' || (event.type !== 'PURCHASE' && event.type !== 'REFUND')) continue
    const key = customerKey(event.tenantId, event.customerId)
    const known = all.get(key) ?? { day: -1, purchases: 0, netMinor: 0 }
    all.set(key, known)
    known.netMinor += event.type === 'REFUND' ? -event.amountMinor : event.amountMinor
    if (event.type === 'REFUND') continue
    known.purchases++
    known.day = Math.max(known.day, Math.floor(event.occurredAt / DAY_MS))
  }
  return new Map([...all].filter(([, { purchases }]) => purchases > 0))
}

/**
 * Thresholds must be quantiles of the buyers, and every buyer's R, F, M and segment what the thresholds in force say of
 * his own figures.
 */
export function checkStandings(
  buyers: ReadonlyMap<string, Buyer>,
  thresholds: Thresholds,
  newest: ReadonlyMap<string, Pick<Customer, 'rfm'>>,
): string[] {
  const mismatches: string[] = []
  const { bins, segments } = thresholds
  const monetary = thresholds.monetary[CURRENCY]
  if (monetary === undefined) return [`thresholds ${thresholds.version} have no monetary values in ${CURRENCY}`]
  const all = [...buyers.values()]
  for (const [measure, values, { cuts, rankError }] of [
    ['recency', all.map(({ day }) => day), thresholds.recency],
    ['frequency', all.map(({ purchases }) => purchases), thresholds.frequency],
    ['monetary', all.map(({ netMinor }) => netMinor), monetary],
  ] as const) {
    cuts.forEach((cut, i) => {
      const share = (i + 1) / bins
      const [below, upTo] = [values.filter((value) => value < cut), values.filter((value) => value <= cut)]
      const slack = rankError + MOVED_SHARE
      if (below.length / values.length > share + slack || upTo.length / values.length < share - slack) {
        const found = `${((100 * below.length) / values.length).toFixed(1)} % below`
        mismatches.push(`the cut ${cut} of ${measure} is not at ${(100 * share).toFixed(0)} %: it has ${found}`)
      }
    })
  }
  for (const [key, { rfm }] of newest) {
    const buyer = buyers.get(key)
    const wanted = buyer === undefined ? 'null null null null' : standing(buyer)
    const found = `${rfm.r} ${rfm.f} ${rfm.m} ${rfm.segment}`
    if (found !== wanted) mismatches.push(`${key} is ${found}, not ${wanted} by thresholds ${thresholds.version}`)
  }
  return mismatches

  function standing({ day, purchases, netMinor }: Buyer): string {
    const r = 1 + thresholds.recency.cuts.filter((cut) => day >= cut).length
    const f = 1 + thresholds.frequency.cuts.filter((cut) => purchases > cut).length
    const m = 1 + monetary!.cuts.filter((cut) => netMinor > cut).length
    const total = r + f + m
    const names = ['At-Risk', 'Promising', 'Potential', 'Loyal']
    const segment = total >= 3 * bins - 2 ? 'Champion' : names[segments.filter((edge) => total >= edge).length]
    return `${r} ${f} ${m} ${segment}`
  }
}
