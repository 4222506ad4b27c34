import type { TrainingExample } from '../../schemas/avro/training-example.ts'
import type { InputEvent } from '../../schemas/events.ts'
import { customerKey } from '../../schemas/partition.ts'

/** An accepted event of a log, in the order of processing. */
export interface Logged {
  readonly input: InputEvent
  /** What it was scored for: it makes a snapshot only of the customer as he is then. */
  readonly asOf: number
}

export type ExpectedLabel = Pick<TrainingExample, 'customerId' | 'at' | 'knownAt' | 'label'>

/**
 * The examples of churn that a tenant's log in one partition must give, from their definition alone: the whole log is gone
 * through for each snapshot. @param until the time that the tenant has reached in the end
 */
export function expectedLabels(
  log: readonly Logged[],
  { horizonMs, snapshotEveryMs }: { readonly horizonMs: number; readonly snapshotEveryMs: number },
  until: number,
): ExpectedLabel[] {
  const reached: number[] = []
  for (const [i, { input }] of log.entries()) reached.push(Math.max(reached[i - 1] ?? 0, input.event.occurredAt))
  const indexed = log.map((each, i) => ({ ...each, reached: reached[i]! }))
  const customers = Map.groupBy(indexed, ({ input }) => customerKey(input.event.tenantId, input.event.customerId))
  return [...customers.values()].flatMap((mine) => {
    const labels: ExpectedLabel[] = []
    let newest = Number.NEGATIVE_INFINITY
    mine.forEach(({ input, asOf, reached }, i) => {
      const { occurredAt: at, customerId } = input.event
      const bought = mine.slice(0, i + 1).some((each) => isPurchase(each.input))
      if (!bought || input.topic === 'outcomes' || asOf !== at) return
      // Only an event that is late for its tenant may come so soon after one whose horizon is over.
      if (at < newest + snapshotEveryMs && reached <= newest + horizonMs) return
      newest = at
      const end = at + horizonMs
      const after = mine.slice(i + 1)
      const firstPast = after.findIndex((each) => each.reached > end)
      if (firstPast < 0 && until <= end) return
      const within = firstPast < 0 ? after : after.slice(0, firstPast)
      labels.push({ customerId, at, knownAt: end, label: labelOf(mine.slice(0, i + 1), within, at) })
    })
    return labels
  })
}

function labelOf(before: readonly Logged[], within: readonly Logged[], at: number): 0 | 1 {
  const outcomes = [...before, ...within].flatMap(({ input }) => (input.topic === 'outcomes' ? [input.event] : []))
  // The newest, of one moment the last.
  const said = outcomes.toSorted((a, b) => a.occurredAt - b.occurredAt).at(-1)
  if (said !== undefined && said.occurredAt > at && said.kind === 'CHURNED') return 1
  if (said !== undefined && said.occurredAt > at && said.kind === 'RETAINED') return 0
  return within.some(({ input }) => isPurchase(input) && input.event.occurredAt > at) ? 0 : 1
}

const isPurchase = (input: InputEvent): boolean => input.topic === 'transactions' && input.event.type === 'PURCHASE'
