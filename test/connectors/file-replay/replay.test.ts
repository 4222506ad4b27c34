import { existsSync, readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { MemoryEventWriter } from '../../../connectors/file-replay/memory-event-writer.ts'
import { type ReplayOptions, replayFile } from '../../../connectors/file-replay/replay.ts'
import type { RejectedLine } from '../../../connectors/file-replay/replay-item.ts'
import { ANSWERS_HEADER, answerRows, answers, idsOf, TemporaryFolder } from './build-replay.ts'

async function replay(path: string, options: Partial<ReplayOptions> = {}) {
  const writer = new MemoryEventWriter()
  const report = await replayFile({ path, mapping: answers(), writer, ...options })
  return { report, events: writer.events, batches: writer.batches }
}

const rejectsOf = (path: string): RejectedLine[] =>
  readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as RejectedLine)

describe('replayFile', () => {
  it('goes on after bad lines, and lists each with its line number and reason', async () => {
    using folder = new TemporaryFolder()
    const at = '2026-01-01T00:00:00'
    const path = folder.file(
      'bad.csv',
      `\ufeff${[
        ANSWERS_HEADER,
        `1,ada,${at},9,"two\r\nlines, and a ""quote"""`,
        `2,ada,${at}`,
        `3,ada,${at},nine,`,
        `4,ada,${at},11,`,
        '',
        `5,,${at},5,`,
        `6,ada,yesterday,5,`,
        `7,ada,${at},5,a "stray" quote`,
        `8,ada,${at},5,"open`,
        `9,ada,${at},5,,extra`,
        `10,ada,${at},10,fine`,
      ].join('\r\n')}`,
    )
    const { report, events } = await replay(path)
    expect(events.map(({ event }) => [event.eventId, 'comment' in event && event.comment])).toEqual([
      ['a-1', 'two\r\nlines, and a "quote"'],
      ['a-10', 'fine'],
    ])
    const rejects = rejectsOf(report.rejectsPath)
    expect(rejects.map(({ line, reason, field }) => [line, reason, field])).toEqual([
      [4, 'COLUMNS_MISSING', 'score'],
      [5, 'NUMBER_INVALID', 'score'],
      [6, 'SCORE_OUT_OF_RANGE', 'score'],
      [8, 'VALUE_EMPTY', 'customerId'],
      [9, 'TIMESTAMP_INVALID', 'occurredAt'],
      [10, 'CSV_MALFORMED', ''],
      [11, 'QUOTE_NOT_CLOSED', ''],
      [12, 'COLUMNS_EXTRA', ''],
    ])
    expect(rejects[1]!.text).toBe(`3,ada,${at},nine,`)
    expect(report).toMatchObject({ records: 10, events: 2, rejectedRecords: 8, ended: 'complete' })
    expect(Object.values(report.rejected).reduce((a, b) => a + b)).toBe(8)
  })

  it('knows gzip by its bytes, not by its name, in several members too', async () => {
    using folder = new TemporaryFolder()
    const text = answerRows(300)
    const middle = text.length / 2
    const members = Buffer.concat([gzipSync(text.slice(0, middle)), gzipSync(text.slice(middle))])
    const plain = await replay(folder.file('plain.csv.gz', text))
    const zipped = await replay(folder.file('zipped.csv', members))
    expect(plain.events).toHaveLength(300)
    expect(zipped.events).toEqual(plain.events)
  })

  it('reads NDJSON, a last line without an end included', async () => {
    using folder = new TemporaryFolder()
    const lines = ['{"id":12345678901234567890,"customer":"ada","at":"2026-01-01","score":9}', 'oops', '{"id":2}']
    const mapping = { ...answers(), format: 'ndjson' as const }
    const { report, events } = await replay(folder.file('a.ndjson', lines.join('\n')), { mapping })
    expect(idsOf(events)).toEqual(['a-12345678901234567890'])
    expect(report.rejected).toEqual({ JSON_MALFORMED: 1, VALUE_EMPTY: 1 })
  })

  it('reads a file without a header, and with another delimiter', async () => {
    using folder = new TemporaryFolder()
    const mapping = answers({ delimiter: ';', columns: ANSWERS_HEADER.split(',') })
    const { events } = await replay(
      folder.file('a.csv', '1;ada;2026-01-01;9;well, "done"\n2;bob;2026-01-02;8;"a;b"\n'),
      {
        mapping,
      },
    )
    expect(idsOf(events)).toEqual(['a-2'])
  })

  it('writes batches of the size asked for, and no more of a customer than a customer remembers', async () => {
    using folder = new TemporaryFolder()
    const path = folder.file('a.csv', answerRows(500))
    const small = await replay(path, { batchEvents: 100 })
    expect(small.batches.map((batch) => batch.length)).toEqual([100, 100, 100, 100, 100])
    const large = await replay(path, { batchEvents: 400, restart: true })
    for (const batch of large.batches) {
      const perCustomer = Map.groupBy(batch, ({ event }) => event.customerId)
      for (const events of perCustomer.values()) expect(events.length).toBeLessThanOrEqual(32)
    }
    expect(large.events).toEqual(small.events)
  })

  it.each([
    ['names the column that a file lacks', 'id,customer,when,score,comment\n', 'no column at'],
    ['refuses an ambiguous header', `${ANSWERS_HEADER},score\n`, 'column score twice'],
    ['refuses an empty file', '', 'is empty'],
    ['refuses a header that is none', 'id,"customer\n', 'line 1 is no header'],
  ])('%s', async (_, content, message) => {
    using folder = new TemporaryFolder()
    await expect(replay(folder.file('a.csv', content))).rejects.toThrow(message)
  })

  it('refuses a file that is not there', async () => {
    await expect(replay('/nowhere/a.csv')).rejects.toMatchObject({ code: 'INPUT_INVALID' })
  })

  it('says when gzip is cut off, and has written what came before', async () => {
    using folder = new TemporaryFolder()
    const whole = gzipSync(answerRows(20_000), { level: 1 })
    const path = folder.file('cut.gz', whole.subarray(0, whole.length - 2000))
    const writer = new MemoryEventWriter()
    const run = replayFile({ path, mapping: answers(), writer, batchEvents: 50 })
    await expect(run).rejects.toMatchObject({ code: 'INPUT_INVALID', message: expect.stringContaining('cut.gz') })
    expect(writer.events.length).toBeGreaterThan(1000)
  })

  it('only counts and rejects in a dry run', async () => {
    using folder = new TemporaryFolder()
    const path = folder.file('a.csv', `${answerRows(10)}bad line\n`)
    const report = await replayFile({ path, mapping: answers(), writer: null })
    expect(report).toMatchObject({ events: 10, rejectedRecords: 1, rejectsPath: `${path}.dry-run.rejected.ndjson` })
    expect(rejectsOf(report.rejectsPath)).toHaveLength(1)
    expect(existsSync(`${path}.everscore-progress`)).toBe(false)
  })
})
