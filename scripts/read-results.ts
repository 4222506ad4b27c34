import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type ResultLine, readLines } from '../bench/result-lines.ts'
import type { PerformanceResults } from './pages/performance-page.ts'

/** The results of `npm run bench -- --scale`, as files of JSON lines. @returns null where nothing was measured */
export function readResults(folder: string): PerformanceResults | null {
  if (!existsSync(join(folder, 'throughput.jsonl'))) return null
  const of = <T>(kind: string): ResultLine<T>[] => readLines<T>(join(folder, `${kind}.jsonl`))
  return {
    throughput: of('throughput'),
    latency: of('latency'),
    takeover: of('takeover'),
    rebuild: of('rebuild'),
    against: of('against'),
  }
}
