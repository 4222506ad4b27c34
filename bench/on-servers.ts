import type { Stack } from '../connectors/stack/stack.ts'
import { type Bench, killWorkers, startBench, startServers } from './setup.ts'

export interface Servers {
  /** Runs a part on topics of its own, and ends its workers. */
  on<T>(partitions: number, settings: Record<string, string>, measure: (bench: Bench) => Promise<T>): Promise<T>
  stop(): Promise<void>
}

/** Each part on servers of its own, so that none works on what another left; or all on the same ones, which is quicker. */
export function openServers(shared: boolean): Servers {
  let kept: Stack | null = null
  return {
    on: async (partitions, settings, measure) => {
      const stack = kept ?? (await startServers())
      if (shared) kept = stack
      try {
        return await measure(await startBench(partitions, settings, {}, stack))
      } finally {
        killWorkers()
        if (!shared) await stack.stop()
      }
    },
    stop: async () => await kept?.stop(),
  }
}
