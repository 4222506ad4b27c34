import type { Survey } from '../../../schemas/avro/survey.ts'
import { isOpen, spansOf } from './expected-windows.ts'
import type { Settings } from './settings-book.ts'

export type Counts = Map<string, number>

interface Answer {
  readonly score: number
  readonly at: number
  /** Keys of groups as results have them: empty for all answers. */
  readonly groups: readonly string[]
}

/** The NPS answers of a partition, by the windows that were open to them. */
export class CountedAnswers {
  /** By window and, where answers replace one another, customer and survey: the one that counts. */
  readonly #counting = new Map<string, { readonly window: string; answer: Answer }>()
  #answers = 0

  /**
   * @param customer different for each life of a customer
   * @param streamTime when it came
   * @returns why a part of it is a dead letter
   */
  add(event: Survey, customer: string, settings: Settings, streamTime: number): 'LATE' | 'GROUP_VALUE_TOO_LONG' | null {
    if (event.kind !== 'NPS') return null
    const { nps, windows } = settings
    const survey = event.attributes[nps.surveyAttribute] ?? ''
    const replaces = nps.replaceAnswersOf[survey] ?? nps.replaceAnswers
    const given = nps.groupBy.filter((name) => event.attributes[name] !== undefined)
    const fit = given.filter((name) => Buffer.byteLength(event.attributes[name]!) <= nps.groupValueBytes)
    const groups = fit.map((name) => `${encodeURIComponent(name)}=${encodeURIComponent(event.attributes[name]!)}`)
    const answer = { score: event.score, at: event.occurredAt, groups: ['', ...groups] }
    const spans = spansOf(event.occurredAt, nps, windows.offsetMs)
    const open = spans.filter((span) => isOpen(span, streamTime, windows.graceMs))
    const chain = replaces ? `${customer} ${survey}` : `${++this.#answers}`
    for (const span of open) {
      const name = `${event.tenantId}/NPS/${span} ${chain}`
      const before = this.#counting.get(name)?.answer
      if (before === undefined || answer.at >= before.at) {
        this.#counting.set(name, { window: `${event.tenantId}/NPS/${span}`, answer })
      }
    }
    if (open.length < spans.length) return 'LATE'
    return fit.length < given.length ? 'GROUP_VALUE_TOO_LONG' : null
  }

  /** `<key of the result> promoters`, … passives, … detractors. */
  addTo(counts: Counts): void {
    for (const { window, answer } of this.#counting.values()) {
      const counted = answer.score >= 9 ? 'promoters' : answer.score >= 7 ? 'passives' : 'detractors'
      for (const group of answer.groups) count(counts, `${window}/${group} ${counted}`)
    }
  }
}

export function count(counts: Counts, name: string, by = 1): void {
  counts.set(name, (counts.get(name) ?? 0) + by)
}
