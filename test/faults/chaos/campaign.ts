import type { seeded } from '../../../bench/random.ts'
import type { EventProducer } from '../../../connectors/kafka/event-producer.ts'
import type { RunningServer, ServerName, Stack } from '../../../connectors/stack/types.ts'
import type { Config } from '../../../runtime/config.ts'
import type { RawRecords } from './raw-records.ts'
import type { FaultName, Tally } from './tally.ts'
import type { WorkerPool } from './worker-pool.ts'

/** What faults act upon. */
export interface Campaign {
  readonly stack: Stack
  readonly config: Config
  readonly pool: WorkerPool
  /** Not the feeder's: records of faults must not wait for it. */
  readonly producer: EventProducer
  readonly records: RawRecords
  /** Redis's part of the stack's data folder, and a place for a copy of it. */
  readonly redisFolder: string
  readonly snapshotFolder: string
  readonly tally: Tally
}

/** Breaks something and mends it again. Waits and choices are drawn, so that a seed always gives the same ones. */
export type Fault = (campaign: Campaign, random: ReturnType<typeof seeded>) => Promise<void>
export type Faults = Readonly<Partial<Record<FaultName, Fault>>>

export function serverOf({ stack }: Campaign, name: ServerName): RunningServer {
  const server = stack.servers.find((each) => each.name === name)
  if (server === undefined) throw new Error(`the stack has no ${name}`)
  return server
}
