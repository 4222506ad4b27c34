import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type ChaosReport, runChaos } from '../faults/chaos/run-chaos.ts'
import { FAULTS } from '../faults/chaos/tally.ts'
import { FINDING_KINDS } from '../faults/oracle/findings.ts'

const LONGEST_MS = 420_000
const OPTIONS = { minutes: 0.5, seed: 1, workers: 2, rate: 300 }

test(
  'every fault once, under load, on servers of its own: nothing is lost, doubled, out of order or otherwise than it should be',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'everscore-chaos-test-'))
    const log: string[] = []
    const report = await runChaos({ ...OPTIONS, folder, say: (line) => log.push(line) }).catch((error: unknown) => {
      throw new Error(`${log.join('\n')}\nlogs and data stay in ${folder}`, { cause: error })
    })
    expect(wrongIn(report), `npm run chaos -- --seed ${OPTIONS.seed}; logs and data stay in ${folder}`).toEqual([])
    const { figures } = report
    for (const kind of Object.keys(FINDING_KINDS) as (keyof typeof FINDING_KINDS)[]) expect(figures[kind], kind).toBe(0)
    for (const name of FAULTS) expect(figures[name], name).toBeGreaterThan(0)
    const { events, scored, erasures, duplicates, deadLetters, timers, late, results } = figures
    expect(scored + erasures + duplicates + deadLetters).toBe(events)
    for (const each of [scored, erasures, duplicates, deadLetters, timers, late, results])
      expect(each).toBeGreaterThan(0)
    await rm(folder, { recursive: true, force: true })
  },
  LONGEST_MS,
)

function wrongIn({ findings, crashes }: ChaosReport): string[] {
  return [...crashes, ...findings.slice(0, 20).map(({ kind, text }) => `${kind}: ${text}`)]
}
