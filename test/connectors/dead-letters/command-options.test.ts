import { describe, expect, test } from 'vitest'
import { parseDlqArgs } from '../../../connectors/dead-letters/command-options.ts'

const NOW = Date.UTC(2026, 0, 31, 12)
const parse = (line: string) => parseDlqArgs(line.split(' ').filter(Boolean), NOW)

describe('the arguments of everscore dlq', () => {
  test.each([
    ['ls', { name: 'ls', filter: {} }],
    ['ls --reason TRUNCATED --topic surveys', { name: 'ls', filter: { reason: 'TRUNCATED', topic: 'surveys' } }],
    ['ls --since 6h', { name: 'ls', filter: { since: NOW - 6 * 3_600_000 } }],
    ['ls --since 2026-01-31', { name: 'ls', filter: { since: Date.UTC(2026, 0, 31) } }],
    ['ls --since 2026-01-31T11:30:00+01:00', { name: 'ls', filter: { since: Date.UTC(2026, 0, 31, 10, 30) } }],
    ['show 3/1042', { name: 'show', letter: { partition: 3, offset: 1042 } }],
    ['replay --stage decode', { name: 'replay', filter: { stage: 'decode' }, dryRun: false }],
    ['replay --all --dry-run', { name: 'replay', filter: {}, dryRun: true }],
    ['replay --letter 0/7', { name: 'replay', filter: { letter: { partition: 0, offset: 7 } }, dryRun: false }],
    ['drop 0/7', { name: 'drop', upTo: { partition: 0, offset: 7 } }],
    ['drop --all', { name: 'drop', upTo: null }],
    ['skip surveys/2/17', { name: 'skip', topic: 'surveys', partition: 2, offset: 17 }],
    ['', { name: 'help' }],
    ['replay --help', { name: 'help' }],
  ])('%s', (line, expected) => {
    expect(parse(line)).toEqual(expected)
  })

  test.each([
    ['list', 'COMMAND'],
    ['ls surveys', 'surveys'],
    ['ls --all', '--all'],
    ['ls --topic clicks', '--topic'],
    ['ls --since yesterday', '--since'],
    ['ls --since 2026-02-31T00:00', '--since'],
    ['ls --letter 7', '--letter'],
    ['show', 'PARTITION/OFFSET'],
    ['show 3', 'PARTITION/OFFSET'],
    ['show -1/5', undefined],
    ['show 3/4 3/5', '3/5'],
    ['show 3/4 --reason X', '--reason'],
    ['replay', 'replay'],
    ['replay --all --reason X', 'replay'],
    ['replay --everything', undefined],
    ['drop', 'drop'],
    ['drop 0/7 --all', 'drop'],
    ['drop --reason X', '--reason'],
    ['skip', 'TOPIC/PARTITION/OFFSET'],
    ['skip clicks/0/1', 'TOPIC/PARTITION/OFFSET'],
    ['skip surveys/1', 'TOPIC/PARTITION/OFFSET'],
  ])('refuses "%s" by the name of the argument', (line, field) => {
    expect(() => parse(line)).toThrow(
      expect.objectContaining({ code: 'USAGE', details: field === undefined ? {} : { field } }),
    )
  })
})
