import fc from 'fast-check'
import type { ScoreChange } from '../../schemas/avro/score-change.ts'

const text = fc.oneof(fc.string({ maxLength: 40 }), fc.string({ unit: 'grapheme', maxLength: 40 }))
const reasons = fc.array(fc.record({ feature: text, value: fc.double(), contribution: fc.double() }), { maxLength: 5 })

/** Any record of scoreChangeSchema. */
export const anyScoreChange: fc.Arbitrary<ScoreChange> = fc.record({
  changeId: text,
  tenantId: text,
  customerId: text,
  kind: text,
  from: fc.option(text),
  to: text,
  fromValue: fc.option(fc.double()),
  toValue: fc.double(),
  reasons,
  eventId: text,
  cause: text,
  occurredAt: fc.integer({ min: -9e15, max: 9e15 }),
  modelVersion: text,
})
