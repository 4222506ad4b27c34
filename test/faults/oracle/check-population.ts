import type { ExpectedCustomer } from '../../../demo/books/expected-customer.ts'
import type { PopulationDelta } from '../../../schemas/avro/population-delta.ts'
import { placeOf } from './expected-standing.ts'
import type { Report } from './findings.ts'
import type { Settings } from './settings-book.ts'

/** `<tenant> <measure> <currency> <bucket>` -> customers. */
type Histogram = Map<string, number>

/** A customer who is still there. */
export interface Counted {
  readonly tenantId: string
  readonly facts: ExpectedCustomer
  /** Of his newest record. */
  readonly settings: Settings
  /** r + f + m, null without a standing. */
  readonly total: number | null
}

/** All that a partition has ever sent to populations adds up to the customers who are there. */
export function checkPopulation(
  customers: Iterable<Counted>,
  deltas: readonly PopulationDelta[],
  report: Report,
): void {
  const expected: Histogram = new Map()
  for (const { tenantId, facts, settings, total } of customers) {
    if (total !== null) add(expected, [tenantId, 'totals', '', total], 1)
    const place = placeOf(facts, settings)
    if (place === null) continue
    add(expected, [tenantId, 'recency', '', place.day], 1)
    add(expected, [tenantId, 'frequency', '', bucketOf(facts.purchases)], 1)
    add(expected, [tenantId, 'monetary', place.currency, bucketOf(place.netMinor)], 1)
  }
  const found: Histogram = new Map()
  for (const { tenantId, moves } of deltas) {
    for (const { measure, currency, bucket, customers } of moves) {
      add(found, [tenantId, measure, currency, bucket], customers)
    }
  }
  for (const bucket of new Set([...expected.keys(), ...found.keys()])) {
    const [wanted, had] = [expected.get(bucket) ?? 0, found.get(bucket) ?? 0]
    if (wanted !== had) report('wrongPopulations', `${bucket} has ${had} customers, not ${wanted}`)
  }
}

function add(histogram: Histogram, bucket: readonly (string | number)[], customers: number): void {
  const name = bucket.join(' ')
  histogram.set(name, (histogram.get(name) ?? 0) + customers)
}

/** Each of 0 to 199 has a bucket of its own, those above are 1 % of their least number wide; negative ones mirror them. */
function bucketOf(value: number): number {
  if (value < 0) return -bucketOf(-value)
  let bucket = 0
  for (let start = 0; value > lastOf(start); start = lastOf(start) + 1) bucket++
  return bucket
}

function lastOf(start: number): number {
  return start + Math.max(1, Math.floor(start / 100)) - 1
}
