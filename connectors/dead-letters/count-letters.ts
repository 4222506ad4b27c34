import type { DeadLetter } from './dead-letter.ts'

/** Letters that have topic, stage and reason in common. */
export interface LetterCount {
  readonly topic: string
  readonly stage: string
  readonly reason: string
  count: number
  /** The newest of them. */
  newest: { readonly partition: number; readonly offset: number; readonly at: number }
}

export class LetterCounts {
  readonly #counts = new Map<string, LetterCount>()

  add({ origin, stage, reason, partition, offset, at }: DeadLetter): void {
    const topic = origin?.topic ?? '-'
    const name = `${topic} ${stage} ${reason}`
    const newest = { partition, offset, at }
    const found = this.#counts.get(name)
    if (found === undefined) this.#counts.set(name, { topic, stage, reason, count: 1, newest })
    else {
      found.count++
      if (at >= found.newest.at) found.newest = newest
    }
  }

  /** Most letters first. */
  get all(): LetterCount[] {
    return [...this.#counts.values()].sort((one, other) => other.count - one.count)
  }
}

/** A table for people; '' when there are none. */
export function describeCounts(counts: readonly LetterCount[]): string {
  if (counts.length === 0) return ''
  const rows = counts.map(({ topic, stage, reason, count, newest }) => [
    String(count),
    topic,
    stage,
    reason,
    `${newest.partition}/${newest.offset}`,
    new Date(newest.at).toISOString(),
  ])
  const all = [['letters', 'topic', 'stage', 'reason', 'newest', 'written'], ...rows]
  const widths = all[0]!.map((_, column) => Math.max(...all.map((row) => row[column]!.length)))
  return all
    .map(
      (row) =>
        `${row
          .map((cell, i) => cell.padEnd(widths[i]!))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('')
}
