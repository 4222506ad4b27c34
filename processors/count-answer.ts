import { npsClassOf } from '../models/nps-score.ts'
import { latestEndOf, type Window, windowsVersion } from '../models/windows.ts'
import type { Survey } from '../schemas/avro/survey.ts'
import type { TenantSettings } from '../schemas/settings.ts'
import type { EventContext, NpsGroup } from './event-context.ts'
import { hashEventId, hashHigh, hashLow } from './event-hash.ts'
import { decodeAnswers, encodeAnswers, type KeptAnswer } from './kept-answers.ts'
import { openWindows } from './open-windows.ts'
import { FORWARD, type Refusal } from './outcome.ts'
import type { Processor } from './processor.ts'

/**
 * Says what an NPS answer adds to its windows. Where answers replace one another, the newest answer of the customer to
 * the survey counts in each window, by event time; of two at one instant the one that came later. A late answer counts
 * in the windows that are still open, since-ever always; it is scored all the same.
 */
export function createCountAnswer(): Processor {
  return (context) => {
    const { input, tenant } = context
    if (input.topic !== 'surveys' || input.event.kind !== 'NPS') return FORWARD
    const { open, late } = openWindows(input.event.occurredAt, 'nps', context)
    const { groups, refusal } = groupsOf(input.event, tenant)
    context.late = late ?? refusal
    const survey = input.event.attributes[tenant.nps.surveyAttribute] ?? ''
    const answer = newAnswer(input.event, survey, groups, tenant)
    const { replaceAnswers, replaceAnswersOf } = tenant.nps
    const isReplacing = Object.hasOwn(replaceAnswersOf, survey) ? replaceAnswersOf[survey] : replaceAnswers
    if (isReplacing) replace(answer, open, context)
    else count(context, open, answer, 1)
    return FORWARD
  }
}

function newAnswer(event: Survey, survey: string, groups: readonly NpsGroup[], tenant: TenantSettings): KeptAnswer {
  hashEventId(survey)
  return {
    surveyHigh: hashHigh,
    surveyLow: hashLow,
    class: npsClassOf(event.score),
    at: event.occurredAt,
    version: windowsVersion(tenant, 'nps'),
    groups,
  }
}

function groupsOf({ attributes }: Survey, { nps }: TenantSettings): { groups: NpsGroup[]; refusal: Refusal | null } {
  const groups: NpsGroup[] = []
  let refusal: Refusal | null = null
  for (const key of nps.groupBy) {
    if (!Object.hasOwn(attributes, key)) continue
    const value = attributes[key]!
    if (Buffer.byteLength(value) <= nps.groupValueBytes) groups.push({ key, value })
    else {
      const error = `attributes.${key} has more than ${nps.groupValueBytes} bytes: not grouped by it`
      refusal = { reason: 'GROUP_VALUE_TOO_LONG', error }
    }
  }
  return { groups, refusal }
}

function replace(answer: KeptAnswer, open: readonly Window[], context: EventContext): void {
  const kept = decodeAnswers(context.draft.keptAnswers)
  const ofSurvey = kept.filter((each) => isOfSurvey(each, answer))
  for (const window of open) {
    const newest = newestIn(window, ofSurvey, answer.version)
    if (newest !== null && newest.at > answer.at) continue
    if (newest !== null) count(context, [window], newest, -1)
    count(context, [window], answer, 1)
  }
  kept.push(answer)
  context.draft.keptAnswers = encodeAnswers(stillNeeded(kept, Math.max(context.streamTime, answer.at), context.tenant))
}

/** The answer that counts in a window; one that was counted in other windows can't be taken back from this one. */
function newestIn({ start, end }: Window, answers: readonly KeptAnswer[], version: number): KeptAnswer | null {
  let newest: KeptAnswer | null = null
  for (const answer of answers) {
    const isIn = end === null || (answer.at >= start && answer.at < end && answer.version === version)
    if (isIn && (newest === null || answer.at >= newest.at)) newest = answer
  }
  return newest
}

/** What an open window may hold, and the newest answer to each survey for since-ever; the newest `maxAnswers` of them. */
function stillNeeded(answers: KeptAnswer[], streamTime: number, tenant: TenantSettings): KeptAnswer[] {
  const { maxAnswers } = tenant.nps
  const newest = new Map<string, KeptAnswer>()
  for (const answer of answers) {
    const survey = `${answer.surveyHigh} ${answer.surveyLow}`
    if (answer.at >= (newest.get(survey)?.at ?? 0)) newest.set(survey, answer)
  }
  const everNeeded = new Set(newest.values())
  const needed = answers.filter(
    (answer) => everNeeded.has(answer) || streamTime < latestEndOf(answer.at, tenant, 'nps') + tenant.windows.graceMs,
  )
  if (needed.length <= maxAnswers) return needed
  const oldest = needed.map(({ at }) => at).sort((a, b) => b - a)[maxAnswers - 1]!
  return needed.filter(({ at }) => at >= oldest).slice(-maxAnswers)
}

function isOfSurvey(a: KeptAnswer, b: KeptAnswer): boolean {
  return a.surveyHigh === b.surveyHigh && a.surveyLow === b.surveyLow
}

function count({ npsChanges }: EventContext, windows: readonly Window[], answer: KeptAnswer, answers: 1 | -1): void {
  npsChanges.push({ windows, groups: answer.groups, class: answer.class, answers })
}
