import { once } from 'node:events'
import { appendFileSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { ANSWERS_HEADER, TemporaryFolder } from './build-replay.ts'
import type { LargeReplayResult } from './replay-in-worker.ts'

const BLOCK_ROWS = 1000
const BLOCKS = 200
const HEAP_MIB = 32

/** About 1 MB of rows; long ones, as 200 MB are about bytes, not about events. */
function block(): string {
  const comment = 'lorem ipsum '.repeat(78)
  const row = (_: unknown, i: number) => {
    const said = i % 50 === 0 ? `"${comment}, ""it"" said"` : comment
    return `${i},c${i % 997},2026-01-01T00:00:${String(i % 60).padStart(2, '0')},${i % 11},${said}\n`
  }
  return Array.from({ length: BLOCK_ROWS }, row).join('')
}

describe('a file much larger than the memory', () => {
  it('is read through a heap of 32 MB', { timeout: 60_000 }, async () => {
    using folder = new TemporaryFolder()
    const text = block()
    expect(text.length * BLOCKS).toBeGreaterThan(190e6)
    // Many gzip members make one gzip file: 200 MB of CSV cost neither disk nor time here.
    const path = folder.file('large.csv.gz', gzipSync(`${ANSWERS_HEADER}\n`))
    const member = gzipSync(text)
    for (let i = 0; i < BLOCKS; i++) appendFileSync(path, member)

    const worker = new Worker(new URL('replay-in-worker.ts', import.meta.url), {
      workerData: path,
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB, maxYoungGenerationSizeMb: 8 },
    })
    const [result] = (await once(worker, 'message')) as [LargeReplayResult]
    await worker.terminate()
    expect(result.written).toBe(BLOCK_ROWS * BLOCKS)
    expect(result.report).toMatchObject({
      records: BLOCK_ROWS * BLOCKS,
      events: BLOCK_ROWS * BLOCKS,
      ended: 'complete',
    })
    // What lies outside of the heap: chunks and zlib's windows.
    expect(result.mostExternalBytes).toBeLessThan(64e6)
  })
})
