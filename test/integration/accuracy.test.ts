import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { cohortOf } from '../../bench/accuracy/cohort.ts'
import { compareWithInProcess } from '../../bench/accuracy/compare-with-in-process.ts'
import { PURCHASES_SETTINGS, purchasesThroughTopics } from '../../bench/accuracy/purchases-through-topics.ts'
import { readPurchases } from '../../bench/accuracy/retail.ts'
import { readTelco, TELCO_FILE } from '../../bench/accuracy/tables.ts'
import { throughTopics } from '../../bench/accuracy/through-topics.ts'
import { readInvoices } from '../../demo/books/read-invoices.ts'
import { DEMO_FILE } from '../../demo/simulator/demo-events.ts'
import type { TrainingExample as ExampleRecord } from '../../schemas/avro/training-example.ts'
import { customerKey } from '../../schemas/partition.ts'
import type { TrainingExample } from '../../training/example.ts'
import { type Installation, makeInstallation } from './support/installation.ts'
import { probabilityBy } from './support/published-model.ts'

let installation: Installation

beforeEach(async () => {
  installation = await makeInstallation({ settings: { default: PURCHASES_SETTINGS } })
})

afterEach(async () => {
  await installation.close()
})

/** He is known by his traits alone. */
const valuesOf = ({ traits }: TrainingExample) =>
  new Map(traits.flatMap(({ name, value }) => (value === null ? [] : [[`traits.${name}`, value] as const])))

test('churn learned and scored through topics is what the published model says, and what is learned in one process', {
  timeout: 120_000,
}, async () => {
  const examples = (await readTelco(TELCO_FILE)).filter((_, i) => i % 3 === 0)
  const cohorts = [0, 1].map((seed) => cohortOf({ name: 'telco', kind: 'churn', examples }, seed))
  const replayed = await throughTopics(installation, cohorts, () => {})

  // What was learned from: the train parts with their labels, nobody else.
  const codec = installation.codec<ExampleRecord>('training-examples')
  const labels = new Map<string, number>()
  for (const { value } of await installation.read('training-examples')) {
    const { tenantId, customerId, label } = await codec.decodeLoading(value!)
    labels.set(customerKey(tenantId, customerId), label)
  }
  const expected = cohorts.flatMap(({ train }) => train.map(({ customer, label }) => [customer, label] as const))
  expect(labels).toEqual(new Map(expected))

  cohorts.forEach((cohort, i) => {
    const { model, probabilities } = replayed[i]!
    expect(probabilities).toHaveLength(Math.round(0.3 * examples.length))
    cohort.test.forEach((example, row) => {
      expect(Math.abs(probabilities[row]! - probabilityBy(model, valuesOf(example)))).toBeLessThan(1e-9)
    })
    const { throughTopics: through, inProcess, largestDifference } = compareWithInProcess(cohort, replayed[i]!)
    expect(largestDifference).toBeLessThan(1e-5)
    expect(through.auc).toBeCloseTo(inProcess.auc, 4)
    expect(through.brier).toBeCloseTo(inProcess.brier, 6)
    expect(through.auc).toBeGreaterThan(0.8)
  })
})

test('repurchase in a real year, learned and scored through topics, reaches AUC .822, Brier .162 and calibration .03', {
  timeout: 300_000,
}, async () => {
  const file = fileURLToPath(DEMO_FILE)
  const purchases = await readPurchases(file)
  const { examples, metrics, largestDifference } = await purchasesThroughTopics(
    installation,
    purchases,
    await readInvoices(file),
  )
  expect(examples).toBe(4_358)
  expect(largestDifference).toBeLessThan(1e-9)
  expect(metrics.auc).toBeGreaterThanOrEqual(0.822)
  expect(metrics.brier).toBeLessThanOrEqual(0.162)
  expect(metrics.calibrationError).toBeLessThanOrEqual(0.03)
})
