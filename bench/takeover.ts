import { applicationId } from '../runtime/kafka-settings.ts'
import type { InputEvent } from '../schemas/events.ts'
import { load, numbered } from './generator.ts'
import { followResults } from './results-reader.ts'
import { type Bench, openSink, startWorkerProcess, until } from './setup.ts'

export interface Takeover {
  /** From kill -9 of one of two workers to the first new result of each of its partitions: the last of them, ms. */
  readonly lossToFirstScoreMs: number
  /** Of that, until the group noticed (the session time-out, mainly) and gave the partitions to the other, ms. */
  readonly noticedAfterMs: number
  /** The rest: from the generation that lacks the dead worker to the last partition's first new result, ms. */
  readonly assignmentToFirstScoreMs: number
  readonly sessionTimeoutMs: number
  /** Longest time without a result in a partition that stayed with the other worker, ms. */
  readonly untouchedPauseMs: number
}

const RATE = 2_000
const SECONDS = 30

export interface TakeoverOptions {
  readonly seed: number
  /** Until the group has settled on two members nothing is measured. */
  readonly settleMs: number
}

/** Two workers under a steady load; one is killed with -9. */
export async function measureTakeover(bench: Bench, { seed, settleMs }: TakeoverOptions): Promise<Takeover> {
  const sink = await openSink(bench)
  const partitions = Number(bench.config.PARTITIONS)
  const lastAt = new Float64Array(partitions)
  const longest = new Float64Array(partitions)
  const firstAfter = new Float64Array(partitions)
  let killedAt = 0
  let watching = false
  const stop = await followResults(
    bench.config.KAFKA_BROKERS,
    `${bench.config.TOPIC_PREFIX}customers`,
    'end',
    (_event, partition, record) => {
      const now = performance.now()
      if (watching) longest[partition] = Math.max(longest[partition]!, now - lastAt[partition]!)
      lastAt[partition] = now
      // A customers record's timestamp is when it was scored.
      if (killedAt > 0 && firstAfter[partition] === 0 && record.timestamp > killedAt + 1_000)
        firstAfter[partition] = now
    },
  )
  let assignedAt = 0
  const staying = startWorkerProcess(bench, ({ message, group, added }) => {
    if (killedAt === 0 || message !== 'partitions assigned' || group !== applicationId(bench.config)) return
    if ((added as number[]).length > 0) assignedAt ||= performance.now()
  })
  const dying = startWorkerProcess(bench)
  let going = true
  const producing = (async () => {
    const events = load({ seed, events: RATE * SECONDS * 2, customers: 100_000, until: Date.now() })
    let batch: InputEvent[] = []
    for (const event of numbered(events, seed)) {
      batch.push(event)
      if (batch.length < RATE / 100) continue
      if (!going) return
      await sink.write(batch)
      batch = []
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  })()
  try {
    await until(() => lastAt.every((at) => at > 0), 60_000, 'a result in every partition')
    await new Promise((resolve) => setTimeout(resolve, settleMs))
    watching = true
    killedAt = Date.now()
    const killed = performance.now()
    await dying.kill('SIGKILL')
    await until(() => firstAfter.every((at) => at > 0), 60_000, 'the take-over')
    const waited = lastAt.map((_, p) => firstAfter[p]! - killed)
    const lossToFirstScoreMs = Math.max(...waited)
    const noticedAfterMs = assignedAt - killed
    const sessionTimeoutMs = bench.config.SESSION_TIMEOUT_MS
    const untouched = [...longest].filter((pause) => pause < sessionTimeoutMs / 2)
    return {
      lossToFirstScoreMs: Math.round(lossToFirstScoreMs),
      noticedAfterMs: Math.round(noticedAfterMs),
      assignmentToFirstScoreMs: Math.round(lossToFirstScoreMs - noticedAfterMs),
      sessionTimeoutMs,
      untouchedPauseMs: Math.round(Math.max(0, ...untouched)),
    }
  } finally {
    going = false
    await producing
    await stop()
    await sink.close()
    await staying.kill('SIGTERM')
  }
}
