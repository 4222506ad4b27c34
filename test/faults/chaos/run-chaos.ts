import { Redis } from 'ioredis'
import { seeded } from '../../../bench/random.ts'
import { applicationId } from '../../../runtime/kafka-settings.ts'
import { redisKeys } from '../../../schemas/redis-keys.ts'
import type { Finding } from '../oracle/findings.ts'
import { judgeRun, type RunFigures } from '../oracle/judge-run.ts'
import type { Campaign } from './campaign.ts'
import { Feeder } from './feeder.ts'
import { INPUT_FAULTS } from './input-faults.ts'
import { runLane } from './lane.ts'
import { makeEvents } from './make-events.ts'
import { SERVER_FAULTS } from './server-faults.ts'
import { connected, type SetUp, setUp } from './setup.ts'
import type { Tally } from './tally.ts'
import { untilProcessed } from './until-processed.ts'
import { WORKER_FAULTS } from './worker-faults.ts'

export interface ChaosOptions {
  readonly minutes: number
  readonly seed: number
  readonly workers: number
  /** Records a second. */
  readonly rate: number
  /** Where servers keep their data and workers their logs; the caller removes it. */
  readonly folder: string
  readonly say: (line: string) => void
}

export interface ChaosReport {
  readonly figures: RunFigures & Tally & { readonly sent: number; readonly crashes: number; readonly seconds: number }
  readonly findings: readonly Finding[]
  /** What workers said that ended by themselves. */
  readonly crashes: readonly string[]
}

const CUSTOMERS = 5_000
/** Event time ends so long ago that every window can close by the clock on the wall. */
const AGO_MS = 20 * 86_400_000

/**
 * Workers under steady load, while one lane of faults goes on for workers, one for servers and one for what is read; then
 * waits until all is processed and has the oracle judge what is left.
 * @throws Error when a fault can't be mended, or work stands still
 */
export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const startedAt = performance.now()
  const ready = await setUp(options.folder, options.seed, options.say)
  try {
    const sent = await breakThings(ready, options)
    const { campaign, registry } = ready
    options.say(`${sent} records sent; waiting for the workers`)
    const readUpTo = await untilProcessed(campaign.config)
    await campaign.pool.close()
    options.say('judging')
    const judgement = await judge(campaign, readUpTo, (id) => registry.schemaById(id))
    const { crashes } = campaign.pool
    const seconds = Math.round((performance.now() - startedAt) / 1_000)
    return {
      figures: { sent, ...judgement.figures, ...campaign.tally, crashes: crashes.length, seconds },
      findings: missingInputs(sent, judgement.figures.events, judgement.findings),
      crashes,
    }
  } finally {
    await ready.close()
  }
}

async function breakThings({ campaign, newProducer }: SetUp, options: ChaosOptions): Promise<number> {
  const { minutes, seed, workers, rate, say } = options
  for (let i = 0; i < workers; i++) await campaign.pool.start()
  const events = Math.round(rate * minutes * 60)
  const load = makeEvents({
    random: seeded(seed),
    customers: CUSTOMERS,
    events,
    until: Date.now() - AGO_MS,
    ids: `s${seed}-`,
  })
  const feeder = new Feeder({ producer: await newProducer(), records: campaign.records, load, rate })
  feeder.start()
  const failed = new AbortController()
  const lane = { until: performance.now() + minutes * 60_000, say, signal: failed.signal }
  const lanes = [
    runLane(campaign, { ...lane, faults: WORKER_FAULTS, seed: seed + 1, pauseMs: [200, 1_500] }),
    runLane(campaign, { ...lane, faults: SERVER_FAULTS, seed: seed + 2, pauseMs: [300, 2_000] }),
    runLane(campaign, { ...lane, faults: INPUT_FAULTS, seed: seed + 3, pauseMs: [2_000, 8_000] }),
  ]
  try {
    await Promise.all(lanes)
  } finally {
    failed.abort()
    await Promise.allSettled(lanes)
    await feeder.stop()
  }
  return feeder.sent
}

async function judge(campaign: Campaign, readUpTo: number, schemaById: (id: number) => Promise<unknown>) {
  const { config } = campaign
  const kafka = await connected(config)
  const redis = new Redis(config.REDIS_URL)
  try {
    const keys = redisKeys(applicationId(config))
    const { TOPIC_PREFIX: prefix, PARTITIONS: partitions } = config
    const source = { kafka, redis, keys, prefix, partitions, readUpTo }
    return await judgeRun(source, schemaById)
  } finally {
    redis.disconnect()
    await kafka.close()
  }
}

/** The producer may repeat what it isn't sure of, but what it was sure of must be there. */
function missingInputs(sent: number, events: number, findings: readonly Finding[]): readonly Finding[] {
  if (events >= sent) return findings
  return [...findings, { kind: 'lost', text: `${sent} records were sent, ${events} are there` }]
}
