import type { TrainingExample } from '../training/example.ts'

export interface KeptExample {
  readonly example: TrainingExample
  /** The label is that of a horizon that ended, not of an outcome. */
  readonly byHorizon: boolean
  /** When the record was written, epoch ms. */
  readonly writtenAt: number
}

/** The newest examples of one tenant and kind. */
export class KeptExamples {
  readonly #most: number
  #kept: KeptExample[] = []

  /** @param most so many at most; the oldest go first */
  constructor(most: number) {
    this.#most = most
  }

  get all(): readonly KeptExample[] {
    return this.#kept
  }

  add(example: KeptExample): void {
    this.#kept.push(example)
    // Not one by one: that would move all of them each time.
    if (this.#kept.length > 1.1 * this.#most) this.#kept = this.#kept.slice(-this.#most)
  }

  newSince(writtenAt: number): number {
    return this.#kept.reduce((count, each) => count + (each.writtenAt > writtenAt ? 1 : 0), 0)
  }
}
