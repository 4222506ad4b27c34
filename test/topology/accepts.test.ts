import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compileModel } from '../../models/linear-model.ts'
import { CHURN_PRIOR } from '../../models/priors/churn-prior.ts'
import { LEAD_PRIOR } from '../../models/priors/lead-prior.ts'
import { createEventContext } from '../../processors/event-context.ts'
import type { InputEvent } from '../../schemas/events.ts'
import { cloneState, newCustomerState } from '../../schemas/new-state.ts'
import { createScoring } from '../../topology/scoring.ts'
import { anyHistory } from '../processors/any-history.ts'

const models = { lead: compileModel(LEAD_PRIOR), churn: compileModel(CHURN_PRIOR) }

/** Ways in which an event may be refused, by any of the processors that may. */
const FAULTS: readonly ((event: InputEvent['event']) => object)[] = [
  () => ({}),
  () => ({}),
  () => ({ eventId: 'the same again' }),
  () => ({ customerId: '' }),
  () => ({ occurredAt: -1 }),
  () => ({ occurredAt: 9e15 }),
  () => ({ durationMs: -1, amountMinor: -1, score: 11, traits: { broken: Number.NaN } }),
  () => ({ amountMinor: Number.MAX_SAFE_INTEGER }),
  () => ({ traits: Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`t${i}`, i])) }),
]

test('an event is accepted just when the whole pipeline forwards it', () => {
  const seen = { forward: 0, drop: 0, deadLetter: 0 }
  fc.assert(
    fc.property(anyHistory, fc.infiniteStream(fc.nat(FAULTS.length - 1)), (history, faults) => {
      const scoring = createScoring()
      const context = createEventContext()
      context.models = models
      context.now = Date.UTC(2100, 0, 1)
      let state = newCustomerState()
      for (const input of history) {
        const event = { ...input.event, ...FAULTS[faults.next().value!]!(input.event) }
        context.input = { ...input, event } as InputEvent
        context.tenantId = event.tenantId
        context.customerId = event.customerId
        context.draft = cloneState(state)
        const accepted = scoring.accepts(context)
        context.draft = cloneState(state)
        const { kind } = scoring.process(context)
        seen[kind]++
        expect(accepted).toBe(kind === 'forward')
        if (accepted) state = context.draft
      }
    }),
    { numRuns: 300 },
  )
  expect(Math.min(...Object.values(seen))).toBeGreaterThan(20)
})
