import { afterEach, expect, test } from 'vitest'
import type { TrainingExample } from '../../schemas/avro/training-example.ts'
import type { InputEvent } from '../../schemas/events.ts'
import { customerKey, partitionOf } from '../../schemas/partition.ts'
import type { Step } from '../../schemas/steps.ts'
import { seededRandom } from '../../training/random.ts'
import { crashAfter } from '../faults/crash-after.ts'
import { DAY, HOUR, interaction, outcome, transaction } from '../processors/build-event.ts'
import { expectedLabels } from '../processors/churn-oracle.ts'
import { type Installation, makeInstallation, PARTITIONS } from './support/installation.ts'
import { waitFor } from './support/wait-for.ts'
import { type RunningWorker, startWorker, startWorkerProcess, untilProcessed } from './support/workers.ts'

const FROM = Date.UTC(2025, 0, 1)
const DAYS = 200
const CHURN_LABELS = { horizonMs: 20 * DAY, snapshotEveryMs: 7 * DAY }
const BATCHES = { BATCH_MAX_RECORDS: '40', SESSION_TIMEOUT_MS: '1500' }

let installation: Installation
let running: RunningWorker | null = null

afterEach(async () => {
  await running?.worker.stop()
  running = null
  await installation.close()
})

/** In order: customers of whom some stop for good, some come back, and of whom some outcomes are told. */
function history(): InputEvent[] {
  const random = seededRandom(61)
  const events: InputEvent[] = []
  for (let i = 0; i < 1_500; i++) {
    const n = Math.floor(random() * 60)
    const occurredAt = FROM + Math.floor((i * DAYS * DAY) / 1_500) + Math.floor(random() * HOUR)
    // Most of them stay away after their own day.
    if (n % 3 === 0 && occurredAt > FROM + (n + 20) * DAY) continue
    const fields = { occurredAt, customerId: `c-${n}`, eventId: `e-${i}` }
    const chance = random()
    if (chance < 0.4) events.push({ topic: 'transactions', event: transaction(fields) })
    else if (chance < 0.45) {
      const kind = chance < 0.425 ? 'CHURNED' : 'RETAINED'
      events.push({ topic: 'outcomes', event: outcome({ ...fields, kind }) })
    } else events.push({ topic: 'interactions', event: interaction(fields) })
  }
  return events.sort((a, b) => a.event.occurredAt - b.event.occurredAt)
}

async function labels(): Promise<TrainingExample[]> {
  const codec = installation.codec<TrainingExample>('training-examples')
  const all = await installation.read('training-examples')
  const examples = await Promise.all(all.map(({ value }) => codec.decodeLoading(value!)))
  return examples.filter(({ eventId }) => eventId.startsWith('horizon:'))
}

/** By brute force, for each partition with the stream time that it has reached. */
function expected(events: readonly InputEvent[]): string[] {
  const partitions = Map.groupBy(events, ({ event }) =>
    partitionOf(Buffer.from(customerKey(event.tenantId, event.customerId)), PARTITIONS),
  )
  return [...partitions.values()].flatMap((mine) => {
    const log = mine.map((input) => ({ input, asOf: input.event.occurredAt }))
    return expectedLabels(log, CHURN_LABELS, mine.at(-1)!.event.occurredAt).map(shown).sort()
  })
}

const shown = ({ customerId, at, knownAt, label }: Omit<ReturnType<typeof expectedLabels>[number], never>): string =>
  `${customerId} ${at} ${knownAt} ${label}`

/** All keys of this installation's view: what a Redis that was emptied doesn't have. */
async function emptyRedis(): Promise<void> {
  const { redis, group } = installation
  for await (const names of redis.scanStream({ match: `${group}:*`, count: 1_000 })) {
    if (names.length > 0) await redis.unlink(names)
  }
}

async function expectLabels(events: readonly InputEvent[]): Promise<void> {
  const wanted = expected(events).sort()
  await waitFor('the labels', async () => (await labels()).length >= wanted.length)
  const found = await labels()
  expect(found.map(shown).sort()).toEqual(wanted)
  expect(new Set(found.map(({ eventId }) => eventId)).size).toBe(found.length)
  // What is still open, and nothing else, is in the topic and in the view.
  const newest = new Map((await installation.read('churn-snapshots')).map(({ key, value }) => [key!, value]))
  const open = [...newest].flatMap(([key, value]) => (value === null ? [] : [key]))
  const view: string[] = []
  for (let partition = 0; partition < PARTITIONS; partition++) {
    view.push(...(await installation.redis.hkeys(installation.keys.snapshots(partition))))
  }
  expect(open.length).toBeGreaterThan(20)
  expect(view.sort()).toEqual(open.sort())
}

test.each<[Step, boolean]>([
  ['transaction-written', false],
  ['transaction-ended', true],
  ['view-written', true],
])(
  'horizons label customers once each, also when a worker dies after %s and Redis loses everything (%s)',
  async (step, redisIsLost) => {
    installation = await makeInstallation({
      settings: { shop: { version: 1, clock: 'event', churnLabels: CHURN_LABELS } },
      clock: 'event',
    })
    const events = history()
    await installation.sink.write(events)
    const { child } = startWorkerProcess(installation, { ...BATCHES, ...crashAfter(step, 9) })
    await new Promise((exit) => child.once('exit', exit))
    expect(child.signalCode).toBe('SIGKILL')
    if (redisIsLost) await emptyRedis()
    running = await startWorker(installation, BATCHES)
    await untilProcessed(installation)
    await expectLabels(events)
  },
)

test('what is erased makes no example', async () => {
  installation = await makeInstallation({
    settings: { shop: { version: 1, clock: 'event', churnLabels: CHURN_LABELS } },
    clock: 'event',
  })
  running = await startWorker(installation)
  await installation.sink.write([{ topic: 'transactions', event: transaction({ occurredAt: FROM }) }])
  await untilProcessed(installation)
  const key = Buffer.from('shop/ada')
  const partition = partitionOf(key, PARTITIONS)
  await waitFor('the snapshot', async () => (await installation.read('churn-snapshots')).length === 1)
  await installation.produce([
    { topic: installation.topic('profiles'), partition, key, value: null, timestamp: Date.now() },
  ])
  await untilProcessed(installation)
  const newer = [transaction({ occurredAt: FROM + 21 * DAY }), transaction({ occurredAt: FROM + 80 * DAY })]
  await installation.sink.write(newer.map((event) => ({ topic: 'transactions', event })))
  await untilProcessed(installation)
  await waitFor('the label', async () => (await labels()).length > 0)
  expect((await labels()).map(({ at, label }) => ({ at, label }))).toEqual([{ at: FROM + 21 * DAY, label: 1 }])
  const left = await installation.redis.hkeys(installation.keys.snapshots(partition))
  expect(left).toEqual([`shop/ada@${FROM + 100 * DAY}`])
})
