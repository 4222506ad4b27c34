import kafkajs from 'kafkajs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { load } from '../../bench/generator.ts'
import { expectExactlyOnce, expectViewEqualsLog } from './support/check-results.ts'
import { type Installation, makeInstallation, PARTITIONS } from './support/installation.ts'
import { type RunningWorker, startWorker, untilConfirmed, untilProcessed } from './support/workers.ts'

const UNTIL = Date.UTC(2026, 0, 1)
const events = [...load({ seed: 11, events: 300, customers: 40, until: UNTIL })]

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

/** What an owner leaves that dies between Produce and EndTxn: the next one aborts it. */
async function leaveOpenTransaction(partition: number): Promise<void> {
  const { config, group } = installation
  const kafka = new kafkajs.Kafka({ brokers: [...config.KAFKA_BROKERS], logLevel: kafkajs.logLevel.NOTHING })
  const producer = kafka.producer({ transactionalId: `${group}-customers-${partition}`, maxInFlightRequests: 1 })
  await producer.connect()
  const transaction = await producer.transaction()
  await transaction.send({
    topic: installation.topic('customers'),
    messages: [{ partition, key: 'acme/nobody', value: 'aborted' }],
  })
  await producer.disconnect()
}

test('an owner that died in the very first batch leaves no state: the topics are read from their start', async () => {
  await installation.sink.write(events)
  for (let partition = 0; partition < PARTITIONS; partition++) await leaveOpenTransaction(partition)
  running = await startWorker(installation)
  await untilProcessed(installation)
  await expectExactlyOnce(installation, events)
  expect(running.worker.tasks.map(({ state }) => state)).toEqual(Array(PARTITIONS).fill('running'))
})

test('an emptying of the view that was cut short after the position is done again', async () => {
  const { keys, redis } = installation
  // Customers of another cluster, say, whose position is already gone.
  for (let partition = 0; partition < PARTITIONS; partition++) {
    await redis.hset(keys.customers(partition), 'acme/left-behind', 'old')
  }
  await installation.sink.write(events)
  running = await startWorker(installation)
  await untilProcessed(installation)
  await untilConfirmed(installation)
  await expectViewEqualsLog(installation)
})
