import { setTimeout as sleep } from 'node:timers/promises'
import { KafkaClient } from '../connectors/kafka/client.ts'
import { GroupMember } from '../connectors/kafka/group-member.ts'
import { assignSticky } from '../runtime/assignor.ts'
import { TopicBroadcast } from '../runtime/broadcast.ts'
import { type Config, describeConfig, readConfig } from '../runtime/config.ts'
import { kafkaSettings, trainerGroup } from '../runtime/kafka-settings.ts'
import { createLog, type Log } from '../runtime/log.ts'
import { requireServers } from '../runtime/server-address.ts'
import { reportHealth } from '../runtime/worker-connections.ts'
import { AppError } from '../schemas/errors.ts'
import { onceAnswered } from './once-answered.ts'
import { stopSignal } from './signals.ts'
import { serveTerm } from './trainer-term.ts'
import { wantsHelp } from './wants-help.ts'

const HELP = `everscore trainer: learns models from training-examples until SIGTERM or SIGINT.

It trains for each tenant and kind when enough examples came, when time has passed, when the examples drift, and when it is
asked to (POST /v1/models/{kind}/train). It fits the models of customer lifetime value every CLV_EVERY_MS. Several may run:
one of them trains, the others stand by.
The environment is described in docs/configuration.md.
`
/** What a trainer does without an answer of a server: wait, and go on where it was. */
const RETRY_MS = 1_000
/** How often one that stands by looks whether it is its turn. */
const STANDBY_MS = 100

export async function runTrainer(args: string[], env: NodeJS.ProcessEnv): Promise<number> {
  if (wantsHelp(args)) {
    process.stdout.write(HELP)
    return 0
  }
  const config = readConfig(env)
  requireServers(config, ['KAFKA_BROKERS', 'SCHEMA_REGISTRY_URL'])
  const log = createLog(config.LOG_LEVEL, (line) => process.stderr.write(line), Date.now)
  const stopped = stopSignal()
  log('trainer starts', { config: describeConfig(config) })
  const trainer = await onceAnswered(() => openTrainer(config, log), log, stopped)
  if (trainer === null) return 0
  const stop = new AbortController()
  void stopped.then(() => stop.abort())
  try {
    await trainer.run(stop.signal)
    return 0
  } finally {
    await trainer.close()
  }
}

export interface RunningTrainer {
  /** Until the signal; failures of servers are waited out. */
  run(signal: AbortSignal): Promise<void>
  close(): Promise<void>
}

/**
 * A trainer that is connected. Of those that run, a consumer group of one partition chooses the one that trains; one that
 * thinks it still is, is fenced by the next.
 */
export async function openTrainer(config: Config, log: Log): Promise<RunningTrainer> {
  const [kafka, groupClient] = ['trainer', 'trainer-group'].map(
    (name) => new KafkaClient(kafkaSettings(config, `everscore-${name}`)),
  ) as [KafkaClient, KafkaClient]
  const topics = [
    ...['customers', ...TopicBroadcast.TOPICS, 'training-examples', 'training-requests'],
    ...['score-samples', 'model-watch', 'alerts'],
  ].map((topic) => config.TOPIC_PREFIX + topic)
  const close = async (): Promise<void> => {
    await kafka.close()
    await groupClient.close()
  }
  try {
    await kafka.connect(topics)
    await groupClient.connect(topics)
  } catch (error) {
    await close()
    throw error
  }
  let turn: AbortController | null = null
  const member = new GroupMember({
    client: groupClient,
    group: trainerGroup(config),
    topics: [`${config.TOPIC_PREFIX}training-requests`],
    partitions: 1,
    assign: assignSticky,
    protocolName: 'everscore-sticky',
    sessionTimeoutMs: config.SESSION_TIMEOUT_MS,
    rebalanceTimeoutMs: config.SESSION_TIMEOUT_MS,
    heartbeatMs: config.HEARTBEAT_MS,
    onHealth: reportHealth(log, 'kafka'),
    onAssigned: (partitions) => {
      const isOurs = partitions.length > 0
      if (isOurs === (turn !== null)) return
      turn?.abort(new AppError('NOT_OWNER', 'another trainer trains'))
      turn = isOurs ? new AbortController() : null
      if (!isOurs) log('trainer stands by')
    },
  })
  return {
    async run(signal) {
      member.start()
      while (!signal.aborted) {
        const mine = turn as AbortController | null
        // Not by its own memory: a member that was asleep still thinks that it is its turn.
        if (mine === null || !(await member.confirms(0).catch(() => false))) {
          await sleep(STANDBY_MS)
          continue
        }
        try {
          await serveTerm({ config, kafka, log }, AbortSignal.any([signal, mine.signal]))
        } catch (error) {
          if (signal.aborted || mine.signal.aborted) continue
          const passing = error instanceof AppError && (error.retryable || error.code === 'PRODUCER_FENCED')
          if (!passing) throw error
          log(`trainer waits: ${error.message}`, { level: 'warn', code: error.code })
          await sleep(RETRY_MS)
        }
      }
    },
    async close() {
      await member.stop()
      await close()
    },
  }
}
