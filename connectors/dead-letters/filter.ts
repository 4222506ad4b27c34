import type { DeadLetter } from './dead-letter.ts'

/** Which letters are meant; what is left out fits any. */
export interface Filter {
  readonly reason?: string
  readonly stage?: string
  /** Of the record that became the letter. */
  readonly topic?: string
  /** Milliseconds: letters written at this time or later. */
  readonly since?: number
  readonly letter?: { readonly partition: number; readonly offset: number }
}

export function fits(letter: DeadLetter, { reason, stage, topic, since, letter: place }: Filter): boolean {
  return (
    (reason === undefined || letter.reason === reason) &&
    (stage === undefined || letter.stage === stage) &&
    (topic === undefined || letter.origin?.topic === topic) &&
    (since === undefined || letter.at >= since) &&
    (place === undefined || (letter.partition === place.partition && letter.offset === place.offset))
  )
}
