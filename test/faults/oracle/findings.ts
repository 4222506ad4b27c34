/** What can be wrong with a run. */
export const FINDING_KINDS = {
  lost: 'an input record has no fate, or a customers record is missing',
  doubled: 'an input record has two fates, or an event was scored again while its id was remembered',
  outOfOrder: 'results of a customer are not in the order of an input topic',
  wrongDeadLetters: 'a dead letter whose bytes or reason are not those of its record',
  wrongScores: 'a customers record that says otherwise than its customer’s history',
  wrongChanges: 'a score change that is missing, too much, or says something else',
  wrongPopulations: 'what was sent to populations is not what the customers add up to',
  wrongTimers: 'a quiet customer was told of too early, too late, for nothing, or not at all',
  wrongWindows: 'a result of NPS or cross-sell, or a late event, that is not what the events add up to',
  different: 'Redis says otherwise than the log',
} as const
export type FindingKind = keyof typeof FINDING_KINDS

export interface Finding {
  readonly kind: FindingKind
  /** One sentence that names the record. */
  readonly text: string
}

export type Report = (kind: FindingKind, text: string) => void
