import { describe, expect, it } from 'vitest'
import { ProgressReporter } from '../../../connectors/file-replay/progress.ts'
import { noCounts } from '../../../connectors/file-replay/replay-counts.ts'
import { ManualClock } from './build-replay.ts'

/** What is said of 1,000 bytes that are read at 10 bytes and 100 events a second, with a look every 50 ms. */
function watch(output: { isTTY: boolean; columns?: number }): string[] {
  const written: string[] = []
  const clock = new ManualClock()
  const reporter = new ProgressReporter({ ...output, write: (text: string) => written.push(text) }, clock, 'a.csv')
  for (clock.time = 0; clock.time <= 50_000; clock.time += 50) {
    const counts = { ...noCounts(), events: clock.time / 10, rejectedRecords: clock.time >= 20_000 ? 3 : 0 }
    reporter.update({ bytesRead: clock.time / 100, bytes: 1000, counts })
  }
  reporter.clear()
  return written
}

describe('ProgressReporter', () => {
  it('writes a line every 5 s where nobody can see a bar move', () => {
    const lines = watch({ isTTY: false })
    expect(lines).toHaveLength(10)
    expect(lines[0]).toBe('a.csv █░░░░░░░░░░░░░░░░░░░░░░░   5%  500 events, 100/s, 1m35s left\n')
    expect(lines[9]).toBe('a.csv ████████████░░░░░░░░░░░░  50%  5000 events, 100/s, 3 rejected, 50s left\n')
  })

  it('draws a bar over itself on a terminal, no wider than it, and takes it away', () => {
    const drawn = watch({ isTTY: true, columns: 40 })
    expect(drawn).toHaveLength(501)
    expect(drawn.at(-1)).toBe('\r\u001b[K')
    for (const each of drawn) {
      expect(each.startsWith('\r') && each.endsWith('\u001b[K')).toBe(true)
      expect(each.length).toBeLessThanOrEqual(1 + 39 + 3)
    }
  })
})
