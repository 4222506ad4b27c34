import type { ScoreChange } from '../schemas/avro/score-change.ts'
import type { LiveResults } from './live-results.ts'
import type { Sent } from './send-events.ts'

/** One line: how far everything is, and what moved last. */
export function progressLine(sent: Sent, results: LiveResults): string {
  if (sent.total === 0) return 'reading the log, making up what happened around it'
  const seconds = (results.lastScoredAt - sent.beganAt) / 1_000
  const rate = seconds > 0 ? Math.round(results.scored / seconds) : 0
  const lag = Math.max(0, sent.eventIds.size - results.scored - results.deadLetters)
  const scored = `sent ${count(sent.total)}  scored ${count(results.scored)}  lag ${count(lag)}  ${count(rate)}/s`
  const figures = `${scored}${results.models.progress()}`
  const nps = results.nps?.nps == null ? '' : `  NPS ${results.nps.nps.toFixed(1)}`
  return results.lastChange === null ? figures : `${figures}${nps}  ${describeChange(results.lastChange)}`
}

/** What moved how often, by kind. */
export function movesLine({ moves }: LiveResults): string {
  return [...moves].map(([kind, number]) => `${count(number)} of ${kind}`).join(', ')
}

/** `2011-03-04 12347 lead C → B: engagement_7d, cart_adds`: the day, who, what, and what speaks for it most. */
export function describeChange({ occurredAt, customerId, kind, from, to, reasons }: ScoreChange): string {
  const day = new Date(occurredAt).toISOString().slice(0, 10)
  const why = reasons.slice(0, 2).map(({ feature }) => feature)
  return `${day} ${customerId} ${kind} ${from} → ${to}: ${why.join(', ')}`
}

export function count(number: number): string {
  return number.toLocaleString('en-US')
}
