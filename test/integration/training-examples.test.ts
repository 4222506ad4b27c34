import { afterEach, beforeEach, expect, test } from 'vitest'
import { load } from '../../bench/generator.ts'
import type { TrainingExample } from '../../schemas/avro/training-example.ts'
import type { InputEvent } from '../../schemas/events.ts'
import { customerKey, partitionOf } from '../../schemas/partition.ts'
import { createDriver } from '../driver.ts'
import { crashAfter } from '../faults/crash-after.ts'
import { DAY } from '../processors/build-event.ts'
import { type Installation, makeInstallation, PARTITIONS } from './support/installation.ts'
import { type RunningWorker, startWorker, startWorkerProcess, untilProcessed } from './support/workers.ts'

const UNTIL = Date.UTC(2026, 0, 1)
const KINDS = ['CONVERTED', 'LOST', 'CHURNED', 'RETAINED'] as const

let installation: Installation
let running: RunningWorker | null = null

beforeEach(async () => {
  installation = await makeInstallation()
})

afterEach(async () => {
  await running?.worker.stop()
  running = null
  await installation.close()
})

/** What became of each customer, a day after all else; of every fifth, long before. */
function outcomesOf(events: readonly InputEvent[]): InputEvent[] {
  const customers = new Map(events.map(({ event }) => [customerKey(event.tenantId, event.customerId), event]))
  return [...customers.values()].map(({ tenantId, customerId }, i) => ({
    topic: 'outcomes',
    event: {
      eventId: `outcome-${i}`,
      tenantId,
      customerId,
      kind: KINDS[i % KINDS.length]!,
      occurredAt: i % 5 === 0 ? UNTIL - 400 * DAY : UNTIL + DAY,
      valueMinor: null,
      currency: null,
    },
  }))
}

async function examples(): Promise<TrainingExample[]> {
  const codec = installation.codec<TrainingExample>('training-examples')
  const found: TrainingExample[] = []
  for (const { key, partition, value } of await installation.read('training-examples')) {
    const example = await codec.decodeLoading(value!)
    expect(key).toBe(customerKey(example.tenantId, example.customerId))
    expect(partition).toBe(partitionOf(Buffer.from(key!), PARTITIONS))
    found.push(example)
  }
  return found
}

const sorted = (all: readonly TrainingExample[]): TrainingExample[] =>
  all.toSorted((a, b) => (a.eventId < b.eventId ? -1 : 1))

test.each(['records-sent', 'transaction-written', 'transaction-ended'] as const)(
  'each outcome gives its example once, also when a worker dies after %s',
  async (step) => {
    const events = [...load({ seed: 51, events: 1_500, customers: 150, until: UNTIL })].filter(
      ({ topic }) => topic === 'interactions',
    )
    const outcomes = outcomesOf(events)
    const driver = createDriver({ now: Date.now() })
    for (const { topic, event } of [...events, ...outcomes]) driver.pipe(topic, event)
    const expected = driver.read('training-examples')
    expect(expected.length).toBeGreaterThan(50)

    await installation.sink.write(events)
    running = await startWorker(installation)
    await untilProcessed(installation)
    await running.worker.stop()
    running = null
    await installation.sink.write(outcomes)
    const { child } = startWorkerProcess(installation, {
      BATCH_MAX_RECORDS: '10',
      SESSION_TIMEOUT_MS: '1500',
      ...crashAfter(step, 4),
    })
    await new Promise((exit) => child.once('exit', exit))
    expect(child.signalCode).toBe('SIGKILL')
    running = await startWorker(installation)
    await untilProcessed(installation)
    expect(sorted(await examples())).toEqual(sorted(expected))
  },
)
