import { netMinorOf } from '../models/population-place.ts'
import { recencyDaysOf } from '../models/purchase-rhythm.ts'
import type { EventContext } from './event-context.ts'
import { FORWARD } from './outcome.ts'
import type { Processor } from './processor.ts'

const NOT_ENCODED = Buffer.alloc(0)

/** Completes the `customers` record: whose it is, RFM, versions. Its state is encoded by whoever writes the record. */
export function createBuildCustomer(): Processor {
  return (context) => {
    const { customer, tenant } = context
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
    customer.state = NOT_ENCODED
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
