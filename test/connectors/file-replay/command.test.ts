import { describe, expect, it } from 'vitest'
import { runReplayCommand } from '../../../connectors/file-replay/command.ts'
import type { EventWriter } from '../../../connectors/file-replay/event-writer.ts'
import { MemoryEventWriter } from '../../../connectors/file-replay/memory-event-writer.ts'
import { answerRows, answers, FailingWriter, ManualClock, TemporaryFolder } from './build-replay.ts'

class ClosingWriter extends MemoryEventWriter {
  closed = 0
  override async close(): Promise<void> {
    this.closed++
  }
}

async function run(args: readonly string[], writer: EventWriter = new MemoryEventWriter()) {
  let said = ''
  const output = { write: (text: string) => (said += text) }
  let opened = 0
  const open = async () => {
    opened++
    return writer
  }
  const code = await runReplayCommand(args, {
    writer: open,
    stdout: output,
    stderr: output,
    clock: new ManualClock(),
  })
  return { code, said, opened }
}

describe('everscore replay', () => {
  it('writes several files, says what came of each, and closes its writer', async () => {
    using folder = new TemporaryFolder()
    const mapping = folder.file('mapping.json', JSON.stringify(answers()))
    const paths = [folder.file('a.csv', answerRows(5)), folder.file('b.csv', `${answerRows(3)}oops\nx,y,z,9,\n`)]
    const writer = new ClosingWriter()
    const { code, said, opened } = await run([...paths, '--mapping', mapping, '--tenant', 'acme'], writer)
    expect([code, opened, writer.closed]).toEqual([0, 1, 1])
    expect(writer.events.map(({ event }) => event.tenantId)).toEqual(Array(8).fill('acme'))
    expect(said).toBe(
      `${paths[0]} (answers): 5 events of 5 records\n` +
        `${paths[1]} (answers): 3 events of 5 records\n` +
        `  rejected: 2 records, listed in ${paths[1]}.rejected.ndjson\n` +
        '    COLUMNS_MISSING: 1 (fewer columns than the header)\n' +
        '    TIMESTAMP_INVALID: 1 (not a time of the format asked for)\n',
    )
  })

  it('needs no writer for a dry run, and takes a shipped mapping by its name', async () => {
    using folder = new TemporaryFolder()
    const path = folder.file('nps.csv', 'id,nps,explication\n1,10.0,\n2,,\n3,11,bof\n')
    const { code, said, opened } = await run([path, '--mapping', 'nps', '--dry-run'])
    expect([code, opened]).toEqual([0, 0])
    expect(said).toContain('1 events of 3 records')
    expect(said).toContain('skipped no-answer: 1 records')
    expect(said).toContain('SCORE_OUT_OF_RANGE: 1')
  })

  it('fails with what happened, closes, and goes on the next time', async () => {
    using folder = new TemporaryFolder()
    const mapping = folder.file('mapping.json', JSON.stringify(answers()))
    const args = [folder.file('a.csv', answerRows(50)), '--mapping', mapping, '--batch', '10']
    const broken = await run(args, new FailingWriter(3, { durable: false }))
    expect(broken).toMatchObject({ code: 1, said: expect.stringContaining('the broker went away') })
    const writer = new ClosingWriter()
    const { code, said } = await run(args, writer)
    expect(code).toBe(0)
    expect(said).toContain('50 events of 50 records, taken up at line 22')
    expect(writer.events).toHaveLength(30)
    expect((await run(args)).said).toContain('--restart')
  })

  it('names a file that is missing before it opens Kafka or sends another', async () => {
    using folder = new TemporaryFolder()
    const there = folder.file('a.csv', 'id,nps\n1,10\n')
    const { code, said, opened } = await run([there, '/nowhere.csv', '--mapping', 'nps'])
    expect([code, opened]).toEqual([1, 0])
    expect(said).toBe('replay: /nowhere.csv: no such file or directory (INPUT_INVALID)\n')
  })

  it('explains itself', async () => {
    const { code, said, opened } = await run(['--help'])
    expect([code, opened]).toEqual([0, 0])
    for (const word of ['online-retail', 'clickstream', 'nps', '--rate', '--dry-run', '--state'])
      expect(said).toContain(word)
  })

  it.each([
    [['--mapping', 'nps'], 'FILE is missing'],
    [['a.csv'], '--mapping is missing'],
    [
      ['a.csv', '--mapping', 'nosuch'],
      '--mapping must be online-retail, clickstream, nps or a file; there is no file nosuch',
    ],
    [['a.csv', '--mapping', 'nps', '--tenant', 'a b'], '--tenant must match'],
    [['a.csv', '--mapping', 'nps', '--rate', 'fast'], '--rate must be max'],
    [['a.csv', '--mapping', 'nps', '--batch', '0'], '--batch'],
    [['a.csv', 'b.csv', '--mapping', 'nps', '--state', 's'], '--state'],
    [['a.csv', '--mapping', 'nps', '--fast'], '--fast'],
  ])('refuses %j', async (args, message) => {
    await expect(run(args)).rejects.toMatchObject({ code: 'USAGE', message: expect.stringContaining(message) })
  })
})
