import { netMinorOf } from '../models/population-place.ts'
import { recencyDaysOf } from '../models/purchase-rhythm.ts'
import type { CustomerState } from '../schemas/customer-state.ts'
import { encodeState } from '../schemas/state-codec.ts'
import type { EventContext } from './event-context.ts'
import { FORWARD } from './outcome.ts'
import type { Processor } from './processor.ts'

/** Completes the `customers` record: whose it is, RFM, versions, and the whole new state as bytes. */
export function createBuildCustomer(): Processor {
  // One buffer serves every event: the record is encoded before the next one is built.
  let scratch = Buffer.allocUnsafeSlow(4096)

  const bytesOf = (state: CustomerState): Buffer => {
    for (;;) {
      try {
        return scratch.subarray(0, encodeState(state, scratch, 0))
      } catch (error) {
        if (!(error instanceof RangeError)) throw error
        scratch = Buffer.allocUnsafeSlow(2 * scratch.length)
      }
    }
  }

  return (context) => {
    const { customer, draft, tenant } = context
    customer.tenantId = context.tenantId
    customer.customerId = context.customerId
    customer.eventId = context.eventId
    customer.cause = context.cause
    customer.occurredAt = context.occurredAt
    customer.asOf = context.asOf
    customer.scoredAt = context.now
    customer.settingsVersion = tenant.version
    customer.thresholdsVersion = context.thresholds?.version ?? 0
    fillRfm(context)
    customer.state = bytesOf(draft)
    return FORWARD
  }
}

function fillRfm({ customer: { rfm }, draft, tenant, asOf }: EventContext): void {
  const reported = draft.money[draft.reporting]
  rfm.recencyDays = recencyDaysOf(draft, asOf)
  rfm.frequency = draft.purchases
  rfm.monetaryMinor = netMinorOf(draft)
  rfm.currency = reported?.currency ?? (draft.money.length === 0 ? null : tenant.currency)
}
