import { describe, expect, it } from 'vitest'
import { SwapBooks } from '../../demo/books/check-swaps.ts'
import { simulate } from '../../demo/simulator/simulate.ts'
import { compileModel } from '../../models/linear-model.ts'
import { CHURN_PRIOR } from '../../models/priors/churn-prior.ts'
import { LEAD_PRIOR } from '../../models/priors/lead-prior.ts'
import type { Customer } from '../../schemas/avro/customer.ts'
import type { InputEvent } from '../../schemas/events.ts'
import { customerKey } from '../../schemas/partition.ts'
import { createDriver } from '../driver.ts'
import { anyLearned } from './any-learned.ts'
import { transactions } from './build-transactions.ts'

const LEARNED = anyLearned('lead-2')
const SERVED = { lead: [LEAD_PRIOR, LEARNED], churn: [CHURN_PRIOR] }

const purchases = transactions(40)
const customerId = 'c0'
const KEY = customerKey(purchases[0]!.tenantId, customerId)
const events = [
  ...purchases.map((event): InputEvent => ({ topic: 'transactions', event })),
  ...simulate(purchases, { seed: 3 }),
]
  .filter(({ event }) => event.customerId === customerId)
  .sort((a, b) => a.event.occurredAt - b.event.occurredAt)

/** Records of each event, and of the timers before it. */
function recordsBy(lead: typeof LEAD_PRIOR): Customer[][] {
  const models = { lead: compileModel(lead), churn: compileModel(CHURN_PRIOR) }
  const driver = createDriver({ now: Date.UTC(2026, 0, 1), models })
  return events.map(({ topic, event }) => {
    driver.pipe(topic, event as never) // the pair is one of InputEvent
    return driver.read('customers')
  })
}

const half = Math.floor(events.length / 2)
const byPrior = recordsBy(LEAD_PRIOR)
const byLearned = recordsBy(LEARNED)
/** As if the learned model had taken over in the middle. */
const swapped = [...byPrior.slice(0, half), ...byLearned.slice(half)].flat()
const at = swapped.findIndex(({ lead }) => lead.modelVersion === 'lead-2')

function judge(records: readonly Customer[]): SwapBooks {
  const books = new SwapBooks(SERVED, new Map([[KEY, events]]))
  for (const record of records) books.add(KEY, record)
  return books
}

describe('SwapBooks', () => {
  it('recomputes the last score before a swap and the first after it, from the events until then', () => {
    expect(at).toBeGreaterThan(2)
    const books = judge(swapped)
    expect(books.mismatches).toEqual([])
    expect(books.recomputed).toBe(3)
    expect(judge(byPrior.flat()).recomputed).toBe(0)
  })

  it('finds a score that names one version and was made by another', () => {
    const old = byPrior.flat().find(({ eventId }) => eventId === swapped[at]!.eventId)!
    const mixed = { ...swapped[at]!, lead: { ...swapped[at]!.lead, probability: old.lead.probability } }
    expect(judge(swapped.with(at, mixed)).mismatches).toEqual([
      expect.stringContaining(`${KEY} at ${mixed.eventId}: lead probability is`),
    ])
  })

  it('finds a score by a version whose time was over, and one by a version that never served', () => {
    const next = at + 1
    const stale = { ...swapped[next]!, lead: { ...swapped[next]!.lead, modelVersion: LEAD_PRIOR.version } }
    expect(judge(swapped.with(next, stale)).mismatches).toContain(
      `${KEY}: its lead model is ${LEAD_PRIOR.version}, although lead-2 has scored before`,
    )
    const unknown = { ...swapped[0]!, lead: { ...swapped[0]!.lead, modelVersion: 'lead-9' } }
    expect(judge(swapped.with(0, unknown)).mismatches).toEqual([`${KEY}: its lead model lead-9 never served`])
  })
})
