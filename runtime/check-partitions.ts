import type { Config } from './config.ts'
import type { Log } from './log.ts'

/** Only `everscore init` goes by PARTITIONS; whoever reads or writes goes by the topics, and says when the two differ. */
export function warnOfPartitions({ PARTITIONS }: Config, partitions: number, log: Log): void {
  if (partitions === PARTITIONS) return
  log(`PARTITIONS is ${PARTITIONS}, but the topics have ${partitions}: the topics are right`, {
    level: 'warn',
    field: 'PARTITIONS',
  })
}
