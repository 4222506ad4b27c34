import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { PerformanceResults } from './pages/performance-page.ts'

/** The results of `npm run bench -- --scale`, as files of JSON lines. @returns null where nothing was measured */
export function readResults(folder: string): PerformanceResults | null {
  if (!existsSync(join(folder, 'throughput.jsonl'))) return null
  const of = <T>(kind: string): T[] => {
    const file = join(folder, `${kind}.jsonl`)
    if (!existsSync(file)) return []
    const lines = readFileSync(file, 'utf8').trim().split('\n')
    return lines.map((line) => JSON.parse(line) as T)
  }
  return {
    throughput: of('throughput'),
    latency: of('latency'),
    takeover: of('takeover'),
    rebuild: of('rebuild'),
    against: of('against'),
  }
}
