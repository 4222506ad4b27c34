import { expect } from 'vitest'
import { seeded } from '../../../bench/random.ts'
import type { InputEvent } from '../../../schemas/events.ts'
import { type Load, makeEvents } from '../chaos/make-events.ts'
import { makeRun, type Sent } from './build-evidence.ts'
import type { LogRecord } from './evidence.ts'
import type { FindingKind } from './findings.ts'
import { judgePartition, type PartitionJudgement } from './judge-partition.ts'
import { makeReference, type Published } from './make-reference.ts'
import { copyOf, type Evidence } from './spoilable-evidence.ts'

export const UNTIL = Date.UTC(2026, 0, 1)

export function someLoad(seed: number, events: number, customers = 20): Load[] {
  const load = makeEvents({ random: seeded(seed), customers, events, until: UNTIL, ids: 'e' })
  return Array.from({ length: events }, () => load.next().value)
}

/** What the run was sent whose evidence is `right`. */
export const sent: readonly Sent[] = [
  ...someLoad(1, 800),
  { topic: 'surveys', bytes: Buffer.from('{"json":true}'), reason: 'NOT_WIRE_FORMAT' },
  { topic: 'interactions', bytes: Buffer.alloc(0), reason: 'EMPTY_VALUE' },
  ...someLoad(2, 200).map((each) => renamed(each, 'second-')),
]

/** The same event under another id. */
function renamed(each: Load, prefix: string): Load {
  if ('erase' in each) return each
  return { topic: each.topic, event: { ...each.event, eventId: prefix + each.event.eventId } } as InputEvent
}

/** What it left, and what its units of work sent to windows and populations. */
export const rightRun = makeRun(sent)
export const right = rightRun.evidence

export async function judge(evidence: Evidence, published: Published = {}): Promise<PartitionJudgement> {
  return judgePartition(evidence, await makeReference(evidence, published))
}

/** The kinds of what is found when a copy of `right` is spoiled. */
export async function findings(spoil: (evidence: Evidence) => void): Promise<FindingKind[]> {
  const evidence = copyOf(right)
  spoil(evidence)
  const { findings } = await judge(evidence)
  return [...new Set(findings.map(({ kind }) => kind))]
}

/** A record of an event in the middle whose customer has more of them after it. */
export function middleOf(records: readonly LogRecord[]): number {
  const half = Math.floor(records.length / 2)
  const at = records.findIndex(
    ({ key, value, headers }, i) =>
      i > half && value !== null && headers.has('topic') && records.slice(i + 1).some((later) => same(later.key, key)),
  )
  expect(at).toBeGreaterThan(half)
  return at
}

function same(a: Buffer | null, b: Buffer | null): boolean {
  return a !== null && b !== null && a.equals(b)
}
