import { setTimeout as sleep } from 'node:timers/promises'
import { seeded } from '../../../bench/random.ts'
import type { Campaign, Fault, Faults } from './campaign.ts'
import type { FaultName } from './tally.ts'

/** No fault takes this long, mending included. */
const LONGEST_MS = 180_000

export interface LaneOptions {
  readonly faults: Faults
  readonly seed: number
  /** Between two faults, ms. */
  readonly pauseMs: readonly [number, number]
  /** No fault begins after this (performance.now), once each of them was there. */
  readonly until: number
  readonly say: (line: string) => void
  readonly signal: AbortSignal
}

/** One fault after another, each of them once before any comes again. */
export async function runLane(campaign: Campaign, options: LaneOptions): Promise<void> {
  const { faults, pauseMs, until, say, signal } = options
  const random = seeded(options.seed)
  // The keys of a partial record of FaultName.
  const all = Object.entries(faults) as [FaultName, Fault][]
  for (let round = 0; round === 0 || performance.now() < until; round++) {
    for (const [name, fault] of shuffled(all, random)) {
      await sleep(pauseMs[0] + random() * (pauseMs[1] - pauseMs[0]))
      if (signal.aborted || (round > 0 && performance.now() >= until)) return
      say(name)
      await bounded(name, fault(campaign, random))
      campaign.tally[name]++
    }
  }
}

async function bounded(name: string, work: Promise<void>): Promise<void> {
  const ended = new AbortController()
  const late = sleep(LONGEST_MS, undefined, { signal: ended.signal }).then(() => {
    throw new Error(`${name} took longer than ${LONGEST_MS / 1_000} s`)
  })
  try {
    await Promise.race([work, late])
  } finally {
    ended.abort()
    late.catch(() => {})
  }
}

function shuffled<T>(from: readonly T[], random: () => number): T[] {
  return from
    .map((each) => ({ each, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ each }) => each)
}
