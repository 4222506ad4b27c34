import { describe, expect, it } from 'vitest'
import { parseRate } from '../../../connectors/file-replay/rate.ts'
import { replayFile } from '../../../connectors/file-replay/replay.ts'
import { ANSWERS_HEADER, answerRows, answers, ManualClock, TemporaryFolder, TimingWriter } from './build-replay.ts'

async function timesOf(rate: string, content: string): Promise<number[]> {
  using folder = new TemporaryFolder()
  const clock = new ManualClock()
  const writer = new TimingWriter(clock)
  await replayFile({ path: folder.file('a.csv', content), mapping: answers(), writer, clock, rate: parseRate(rate) })
  return writer.times
}

describe('rate', () => {
  it('does not wait at max', async () => {
    expect(new Set(await timesOf('max', answerRows(100)))).toEqual(new Set([0]))
  })

  it.each([10, 500])('sends %i events a second', async (perSecond) => {
    const times = await timesOf(`${perSecond}/s`, answerRows(600))
    expect(times).toHaveLength(600)
    for (const [i, time] of times.entries()) {
      const due = (i * 1000) / perSecond
      expect(time).toBeGreaterThanOrEqual(due - 1e-6)
      expect(time).toBeLessThanOrEqual(due + 1000 / perSecond + 20)
    }
  })

  it('lets event time pass faster', async () => {
    // Rows are a second apart.
    const times = await timesOf('10x', answerRows(50))
    for (const [i, time] of times.entries()) expect(Math.abs(time - i * 100)).toBeLessThan(1)
  })

  it('waits out a gap of months, and not for events from the past', async () => {
    const at = (month: number) => `2026-${String(month).padStart(2, '0')}-01T00:00:00`
    const rows = [1, 4, 2, 4].map((month, i) => `${i},c,${at(month)},5,`)
    const [first, second, third, fourth] = await timesOf('1x', `${ANSWERS_HEADER}\n${rows.join('\n')}\n`)
    expect(first).toBe(0)
    expect(second).toBeCloseTo(90 * 86_400_000, -2)
    expect([third, fourth]).toEqual([second, second])
  })

  it.each(['', '0/s', '5', 'x', '-1x', '5/min', 'fast'])('refuses %j', (text) => {
    expect(() => parseRate(text)).toThrow(expect.objectContaining({ code: 'USAGE' }))
  })
})
