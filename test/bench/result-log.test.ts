import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { readLines } from '../../bench/result-lines.ts'
import { ResultLog } from '../../bench/result-log.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'everscore-results-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

test('a later run replaces what it measured again, where it stood, and leaves the rest', () => {
  const first = new ResultLog(folder)
  first.add('against', 'throughput', { ratio: 0.5 })
  first.add('against', 'latency', { ratio: 2 })
  first.add('rebuild', 'rebuild', { seconds: 10 })
  new ResultLog(folder).add('against', 'throughput', { ratio: 0.6 })
  const lines = readLines(join(folder, 'against.jsonl')).map(({ name, result }) => [name, result])
  expect(lines).toEqual([
    ['throughput', { ratio: 0.6 }],
    ['latency', { ratio: 2 }],
  ])
  expect(readLines(join(folder, 'rebuild.jsonl'))).toHaveLength(1)
  expect(readLines(join(folder, 'takeover.jsonl'))).toEqual([])
})
