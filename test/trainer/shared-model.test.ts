import { expect, test } from 'vitest'
import { FEATURES } from '../../models/features.ts'
import { ModelCatalogue } from '../../models/model-catalogue.ts'
import type { TrainingExample } from '../../schemas/avro/training-example.ts'
import { ALL_TENANTS } from '../../schemas/served-model.ts'
import { trainChallenger } from '../../trainer/train-challenger.ts'
import { Trainer } from '../../trainer/trainer.ts'
import { examplesOfTruth, type Truth } from '../training/build-examples.ts'

const NOW = 1_700_000_000_000
const signal = new AbortController().signal

/** What comes of these tenants' examples: the catalogue of all that was published. */
async function trained(tenants: readonly string[], shared: boolean): Promise<ModelCatalogue> {
  const catalogue = new ModelCatalogue()
  let offset = 0
  const trainer = new Trainer(
    {
      catalogue,
      requests: new Map(),
      publish: async (records) => {
        for (const { topic, key, value } of records) {
          if (topic === 'models') catalogue.apply(key, JSON.parse(JSON.stringify(value)), offset++)
        }
      },
      train: async (job, onProgress) => trainChallenger(job, onProgress),
      watch: { asksForTraining: () => false, withReference: (_tenantId, model) => model },
      now: () => NOW,
      log: () => {},
    },
    { everyExamples: 1_500, everyMs: 1e12, mostExamples: 10_000, shared },
  )
  tenants.forEach((tenantId, i) => {
    for (const record of recordsOf(tenantId, examplesOfTruth(1_000, i))) trainer.add(record, NOW)
  })
  await trainer.tick(signal)
  return catalogue
}

function recordsOf(tenantId: string, { examples }: Truth): TrainingExample[] {
  return examples.map(({ customer, at, knownAt, label, features, traits }) => ({
    tenantId,
    customerId: customer.slice(customer.indexOf('/') + 1),
    kind: 'lead',
    eventId: `outcome-${customer}`,
    at,
    knownAt,
    label,
    features: Object.fromEntries(FEATURES.map(({ name }, i) => [name, features[i]!])),
    traits: Object.fromEntries(traits.map(({ name, value }) => [name, value])),
    modelVersion: '',
    probability: 0.5,
  }))
}

test('tenants who have too few examples share a model of all of them, in which nobody’s traits are', async () => {
  const catalogue = await trained(['acme', 'globex'], true)
  const { serving, decisions } = catalogue.served(ALL_TENANTS, 'lead')!
  expect(decisions[0]).toMatchObject({ promoted: true, version: serving })
  expect(decisions[0]!.metrics!.examples).toBeGreaterThan(400)
  const model = catalogue.version(ALL_TENANTS, 'lead', serving!)!
  expect(model.inputs.map(({ feature }) => feature).filter((feature) => feature.startsWith('traits.'))).toEqual([])
  for (const tenant of ['acme', 'globex', 'newcomer']) expect(catalogue.models(tenant).lead.version).toBe(serving)
  expect(catalogue.served('acme', 'lead')).toBeNull()
})

test('of one tenant’s examples, and where it is not asked for, nothing is shared', async () => {
  const prior = new ModelCatalogue().models('newcomer').lead.version
  for (const catalogue of [await trained(['acme', 'acme'], true), await trained(['acme', 'globex'], false)]) {
    expect(catalogue.served(ALL_TENANTS, 'lead')).toBeNull()
    expect(catalogue.models('newcomer').lead.version).toBe(prior)
  }
})
