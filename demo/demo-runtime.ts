import type { Redis } from 'ioredis'
import type { KafkaSettings } from '../connectors/kafka/client.ts'
import type { Scorecards } from './books/scorecard.ts'

/** An installation as the demo's own clients see it. */
export interface Target {
  readonly kafka: KafkaSettings
  readonly registryUrl: string
  readonly redisUrl: string
  /** The application id: consumer group and first part of every Redis key. */
  readonly app: string
  readonly prefix: string
  readonly partitions: number
}

/**
 * What the demo needs of the code that it shows, handed in by bin/: the demo itself imports contracts and connectors
 * only, so that its books can't compute what they expect with the pipeline's own code.
 */
export interface DemoRuntime {
  /** Creates topics and schemas and loads tenant settings: `everscore init`. */
  prepare(env: NodeJS.ProcessEnv, settingsFile: string): Promise<Target>
  /** Resolves when it answers. */
  connectRedis(url: string): Promise<Redis>
  openApi(env: NodeJS.ProcessEnv): Promise<{ readonly url: string; close(): Promise<void> }>
  /** The published priors, which are data. */
  readonly priors: Scorecards
}
