import { CHURN_BANDS, LEAD_GRADES } from '../models/grades.ts'
import { holdRulesOf } from '../models/hold-rules.ts'
import { heldClass } from '../models/hysteresis.ts'
import type { Reason } from '../schemas/avro/reason.ts'
import { customerKey } from '../schemas/partition.ts'
import type { EventContext } from './event-context.ts'
import { FORWARD } from './outcome.ts'
import type { Processor } from './processor.ts'

/** Moves the held grade and band where the scores ask for it, and says so in `changes`. */
export function createDetectChange(): Processor {
  return (context) => {
    detectGrade(context)
    detectBand(context)
    return FORWARD
  }
}

function detectGrade(context: EventContext): void {
  const { draft, customer, tenant, asOf } = context
  const value = customer.lead.probability
  const held = heldClass(draft.leadHeld, draft.leadHeldSince, value, asOf, holdRulesOf(tenant).lead)
  customer.lead.grade = LEAD_GRADES[held]!
  if (held === draft.leadHeld) return
  pushChange(context, {
    kind: 'lead',
    from: LEAD_GRADES[draft.leadHeld] ?? null,
    to: customer.lead.grade,
    fromValue: draft.leadHeldValue,
    toValue: value,
    reasons: customer.lead.reasons,
    modelVersion: customer.lead.modelVersion,
  })
  draft.leadHeld = held
  draft.leadHeldSince = asOf
  draft.leadHeldValue = value
}

function detectBand(context: EventContext): void {
  const { draft, customer, tenant, asOf } = context
  const value = customer.churn.risk
  const held = heldClass(draft.churnHeld, draft.churnHeldSince, value, asOf, holdRulesOf(tenant).churn)
  customer.churn.band = CHURN_BANDS[held]!
  if (held === draft.churnHeld) return
  pushChange(context, {
    kind: 'churn',
    from: CHURN_BANDS[draft.churnHeld] ?? null,
    to: customer.churn.band,
    fromValue: draft.churnHeldValue,
    toValue: value,
    reasons: customer.churn.reasons,
    modelVersion: customer.churn.modelVersion,
  })
  draft.churnHeld = held
  draft.churnHeldSince = asOf
  draft.churnHeldValue = value
}

interface Move {
  readonly kind: 'lead' | 'churn' | 'segment' | 'tier'
  readonly from: string | null
  readonly to: string
  readonly fromValue: number
  readonly toValue: number
  readonly reasons: Reason[]
  readonly modelVersion: string
}

/** The change may share its reasons with the customer's record: it is to be sent before the next event. */
export function pushChange({ tenantId, customerId, eventId, cause, asOf, changes }: EventContext, move: Move): void {
  changes.push({
    changeId: `${customerKey(tenantId, customerId)}/${move.kind}/${eventId}`,
    tenantId,
    customerId,
    kind: move.kind,
    from: move.from,
    to: move.to,
    fromValue: move.from === null ? null : move.fromValue,
    toValue: move.toValue,
    reasons: move.reasons,
    eventId,
    cause,
    occurredAt: asOf,
    modelVersion: move.modelVersion,
  })
}
