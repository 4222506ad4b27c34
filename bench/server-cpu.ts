import type { ServerName } from '../connectors/stack/types.ts'
import { cpuSeconds } from './process-usage.ts'
import type { Bench, WorkerProcess } from './setup.ts'

/** CPU seconds since each of them started; 0 for servers that were not started here. */
export interface CpuUsage {
  readonly workers: number
  readonly redis: number
  readonly broker: number
}

export function cpuOf(bench: Bench, workers: readonly WorkerProcess[]): CpuUsage {
  const of = (name: ServerName): number => cpuSeconds(pidOf(bench, name) ?? 0)
  return {
    workers: workers.reduce((sum, { pid }) => sum + cpuSeconds(pid), 0),
    redis: of('redis'),
    broker: of('kafka'),
  }
}

/** null: it was not started here, or runs in a container. */
export function pidOf({ stack }: Bench, name: ServerName): number | null {
  return stack.servers.find((server) => server.name === name)?.pid ?? null
}
