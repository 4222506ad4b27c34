import { horizonId } from '../schemas/horizon-id.ts'
import { customerKey } from '../schemas/partition.ts'
import type { EventContext } from './event-context.ts'
import { exampleOf } from './example-of.ts'
import { FORWARD } from './outcome.ts'
import type { Processor } from './processor.ts'

/**
 * Takes a snapshot of a customer who has bought, just after an event: what he does until the horizon ends will be its
 * label. Not of who never bought, who can't stop; not at an outcome, which labels by itself; not as of a time that he is
 * past. At most one in `snapshotEveryMs`: the newest one is still open then, since a horizon is at least as long (unless
 * the stream time has ended it, and the event is late).
 */
export function createTakeSnapshot(): Processor {
  return (context) => {
    const { draft, tenant, cause, occurredAt } = context
    const { horizonMs, snapshotEveryMs } = tenant.churnLabels
    if (cause !== 'event' || draft.purchases === 0 || snapshotEveryMs === 0) return FORWARD
    const { openSnapshots } = draft
    const newestEnd = openSnapshots[openSnapshots.length - 1]
    if (newestEnd !== undefined && occurredAt < newestEnd - horizonMs + snapshotEveryMs) return FORWARD
    if (context.asOf !== occurredAt || context.input.topic === 'outcomes') return FORWARD
    open(context, occurredAt + horizonMs)
    return FORWARD
  }
}

function open(context: EventContext, end: number): void {
  const { draft, tenantId, customerId, occurredAt, features } = context
  // A shorter horizon than before may end sooner.
  draft.openSnapshots = [...draft.openSnapshots, end].sort((a, b) => a - b)
  const eventId = horizonId(customerKey(tenantId, customerId), end)
  context.snapshot = exampleOf(context, features, { kind: 'churn', eventId, at: occurredAt, knownAt: end, label: 0 })
}
