import { expect, test } from 'vitest'
import { createCountAnswer } from '../../processors/count-answer.ts'
import { createEventContext, type NpsChange } from '../../processors/event-context.ts'
import { decodeAnswers } from '../../processors/kept-answers.ts'
import { NEVER } from '../../schemas/customer-state.ts'
import { newCustomerState } from '../../schemas/new-state.ts'
import { parseSettings } from '../../schemas/settings.ts'
import { DAY, HOUR, NOON, survey } from './build-event.ts'

const count = createCountAnswer()
let draft = newCustomerState()

function answer(nps: object, fields: Parameters<typeof survey>[0], streamTime = NEVER): NpsChange[] {
  const context = {
    ...createEventContext(),
    draft,
    tenant: parseSettings({ nps, windows: { graceMs: HOUR } }),
    streamTime,
  }
  context.input = { topic: 'surveys', event: survey(fields) }
  expect(count(context)).toEqual({ kind: 'forward' })
  return context.npsChanges
}

const spans = (changes: NpsChange[]) =>
  changes.flatMap(({ windows, answers }) =>
    windows.map(({ start, end }) => [end === null ? 'ever' : end - start, answers, start]),
  )

test('an answer that was counted in windows of other settings is not taken back from these, but since ever', () => {
  draft = newCustomerState()
  const midnight = NOON - (NOON % DAY)
  answer({ tumblingMs: [DAY], hopping: [] }, { score: 10 })
  expect(spans(answer({ tumblingMs: [DAY, 2 * DAY], hopping: [] }, { score: 10, occurredAt: NOON + 1 }))).toEqual([
    [DAY, 1, midnight],
    [2 * DAY, 1, midnight - DAY * ((midnight / DAY) % 2)],
    ['ever', -1, 0],
    ['ever', 1, 0],
  ])
})

test('keeps only what an open window may hold, and the newest answer for since-ever', () => {
  const days = { tumblingMs: [DAY], hopping: [] }
  draft = newCustomerState()
  answer(days, { occurredAt: NOON })
  answer(days, { occurredAt: NOON + HOUR })
  expect(decodeAnswers(draft.keptAnswers).map(({ at }) => at)).toEqual([NOON, NOON + HOUR])
  answer(days, { occurredAt: NOON + 5 * DAY })
  expect(decodeAnswers(draft.keptAnswers).map(({ at }) => at)).toEqual([NOON + 5 * DAY])
  answer(days, { occurredAt: NOON + 4 * DAY }, NOON + 5 * DAY)
  expect(decodeAnswers(draft.keptAnswers).map(({ at }) => at)).toEqual([NOON + 5 * DAY])
})

test('keeps no more answers than maxAnswers, the newest ones', () => {
  draft = newCustomerState()
  const settings = { tumblingMs: [DAY], hopping: [], maxAnswers: 2 }
  for (const minutes of [3, 1, 2]) answer(settings, { occurredAt: NOON + minutes })
  expect(decodeAnswers(draft.keptAnswers).map(({ at }) => at - NOON)).toEqual([3, 2])
})

test('keeps nothing of surveys whose answers add up', () => {
  draft = newCustomerState()
  const settings = { replaceAnswersOf: { visit: false } }
  expect(spans(answer(settings, { attributes: { survey: 'visit' } })).every(([, answers]) => answers === 1)).toBe(true)
  expect(draft.keptAnswers.length).toBe(0)
})

test('other surveys than NPS are none of its business', () => {
  draft = newCustomerState()
  expect(answer({}, { kind: 'CSAT', score: 5 })).toEqual([])
})
