import { appendFileSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import type { Mapping } from '../../../connectors/file-replay/mapping.ts'
import { MemoryEventWriter } from '../../../connectors/file-replay/memory-event-writer.ts'
import { withTenant } from '../../../connectors/file-replay/parse-mapping.ts'
import { replayFile } from '../../../connectors/file-replay/replay.ts'
import { answerRows, answers, FailingWriter, idsOf, TemporaryFolder } from './build-replay.ts'

const BATCH = 20
/** Every 13th line is rejected, so that the rejects file has to be taken up as well. */
const CONTENT = answerRows(200)
  .split('\n')
  .map((line, i) => (i > 0 && i % 13 === 0 && line !== '' ? `${line},extra` : line))
  .join('\n')

async function reference(folder: TemporaryFolder, mapping: Mapping, content: string | Buffer) {
  const writer = new MemoryEventWriter()
  const report = await replayFile({ path: folder.file('reference', content), mapping, writer, batchEvents: BATCH })
  const rejects = report.rejectedRecords === 0 ? '' : readFileSync(report.rejectsPath, 'utf8')
  return { ids: idsOf(writer.events), counts: { ...report, path: '', rejectsPath: '' }, rejects }
}

describe('a replay that broke off', () => {
  for (const durable of [true, false]) {
    for (const [kind, content] of [
      ['plain', CONTENT],
      ['gzip', gzipSync(CONTENT)],
    ] as const) {
      it(`goes on, ${kind}, when ${durable ? 'the answer to' : ''} any one write is lost`, async () => {
        using folder = new TemporaryFolder()
        const whole = await reference(folder, answers(), content)
        for (let failAt = 1; failAt <= Math.ceil(whole.ids.length / BATCH); failAt++) {
          const path = folder.file(`input-${failAt}`, content)
          const options = { path, mapping: answers(), batchEvents: BATCH }
          const first = new FailingWriter(failAt, { durable })
          await expect(replayFile({ ...options, writer: first })).rejects.toThrow('the broker went away')
          const second = new MemoryEventWriter()
          const report = await replayFile({ ...options, writer: second })
          const written = [...idsOf(first.events), ...idsOf(second.events)]
          expect([...new Set(written)]).toEqual(whole.ids)
          expect(written.length - whole.ids.length).toBeLessThanOrEqual(durable ? BATCH : 0)
          expect({ ...report, path: '', rejectsPath: '', resumedAtLine: null }).toEqual(whole.counts)
          expect(readFileSync(report.rejectsPath, 'utf8')).toBe(whole.rejects)
        }
      })
    }
  }

  it('does not cut a group in two, interleaved groups included', async () => {
    using folder = new TemporaryFolder()
    const groups = answers({ group: { by: ['id'], maxGap: 3 } })
    const row = (id: number, i: number) => `g${id},c${id},2026-01-01T00:00:00,${i % 11},${i}`
    // Groups of three rows of which every fifth has two rows of the next one in between.
    const ids = Array.from({ length: 100 }, (_, g) =>
      g % 5 === 0 ? [g, g, g + 1, g + 1, g] : g % 5 === 1 ? [g] : [g, g, g],
    )
    const content = `id,customer,at,score,comment\n${ids.flat().map(row).join('\n')}\n`
    const whole = await reference(folder, groups, content)
    expect(whole.ids).toHaveLength(100)
    for (let failAt = 1; failAt <= 25; failAt++) {
      const options = { path: folder.file(`input-${failAt}`, content), mapping: groups, batchEvents: 4 }
      const first = new FailingWriter(failAt, { durable: true })
      await expect(replayFile({ ...options, writer: first })).rejects.toThrow('the broker went away')
      const second = new MemoryEventWriter()
      const report = await replayFile({ ...options, writer: second })
      const written = new Map([...first.events, ...second.events].map((each) => [each.event.eventId, each]))
      expect([...written.keys()]).toEqual(whole.ids)
      expect(report).toMatchObject({ records: ids.flat().length, events: 100, rejected: {} })
    }
  })

  it('goes on where it was aborted', async () => {
    using folder = new TemporaryFolder()
    const options = { path: folder.file('input', CONTENT), mapping: answers(), batchEvents: BATCH }
    const stop = new AbortController()
    const first = new MemoryEventWriter()
    const onProgress = () => first.events.length >= 60 && stop.abort()
    const aborted = await replayFile({ ...options, writer: first, signal: stop.signal, onProgress })
    expect(aborted).toMatchObject({ ended: 'aborted', events: first.events.length })
    const second = new MemoryEventWriter()
    const report = await replayFile({ ...options, writer: second })
    expect(report).toMatchObject({ ended: 'complete', records: 200 })
    expect(report.resumedAtLine).toBeGreaterThan(60)
    const whole = await reference(folder, answers(), CONTENT)
    expect([...idsOf(first.events), ...idsOf(second.events)]).toEqual(whole.ids)
  })
})

describe('a replay that was complete', () => {
  async function complete(folder: TemporaryFolder) {
    const path = folder.file('input', CONTENT)
    const options = { path, mapping: answers(), writer: new MemoryEventWriter() }
    await replayFile(options)
    return { ...options, writer: new MemoryEventWriter() }
  }

  it('writes nothing again, unless told to', async () => {
    using folder = new TemporaryFolder()
    const options = await complete(folder)
    expect(await replayFile(options)).toMatchObject({ ended: 'complete-before', records: 200 })
    expect(options.writer.events).toEqual([])
    expect(await replayFile({ ...options, restart: true })).toMatchObject({ ended: 'complete', resumedAtLine: null })
    expect(options.writer.events).toHaveLength(185)
  })

  it('refuses to go on with another file or mapping under its name', async () => {
    using folder = new TemporaryFolder()
    const options = await complete(folder)
    const other = { ...options, mapping: withTenant(answers(), 'other') }
    await expect(replayFile(other)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('another mapping; start again from the beginning with --restart'),
    })
    utimesSync(options.path, new Date(0), new Date(0))
    await expect(replayFile(options)).rejects.toThrow('before it was changed')
    appendFileSync(options.path, 'more\n')
    await expect(replayFile(options)).rejects.toThrow('other content')
    writeFileSync(`${options.path}.everscore-progress`, '{"version":1}')
    await expect(replayFile(options)).rejects.toThrow('is no progress file')
    writeFileSync(`${options.path}.everscore-progress`, '')
    await expect(replayFile(options)).rejects.toThrow("can't be read")
  })
})
