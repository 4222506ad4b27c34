import { afterEach, beforeEach, expect, test } from 'vitest'
import type { ApiServer } from '../../api/server.ts'
import { publishedModels } from '../../bench/accuracy/published.ts'
import { startProcess, type WorkerProcess } from '../../bench/setup.ts'
import { openApi } from '../../bin/api.ts'
import { expectedCustomer } from '../../demo/books/expected-customer.ts'
import { expectedFeatures } from '../../demo/books/expected-scores.ts'
import { readConfig } from '../../runtime/config.ts'
import type { InputEvent } from '../../schemas/events.ts'
import type { LinearModel } from '../../schemas/model.ts'
import { seededRandom } from '../../training/random.ts'
import { HOUR, interaction, MINUTE, NOON, outcome, profile } from '../processors/build-event.ts'
import { readCustomers } from './support/check-results.ts'
import { type Installation, makeInstallation } from './support/installation.ts'
import { baselineBy, contributionsBy, probabilityBy, type Values } from './support/published-model.ts'
import { waitFor } from './support/wait-for.ts'
import { type RunningWorker, startWorker, untilConfirmed, untilProcessed } from './support/workers.ts'

let installation: Installation
let worker: RunningWorker
let api: ApiServer
let trainer: WorkerProcess | undefined

beforeEach(async () => {
  // Time passes by events only: no timer moves a score that is looked at.
  installation = await makeInstallation({ clock: 'event', settings: { shop: { clock: 'event' } } })
  worker = await startWorker(installation)
  api = await openApi(readConfig({ ...installation.env, PORT: '0', HOST: '127.0.0.1' }), () => {})
})

afterEach(async () => {
  await trainer?.kill('SIGTERM')
  await api.close()
  await worker.worker.stop()
  await installation.close()
})

// biome-ignore lint/suspicious/noExplicitAny: each answer is compared field by field
const ask = async (path: string): Promise<any> =>
  await (await fetch(`${api.url}${path}`, { headers: { 'x-tenant-id': 'shop' } })).json()

/** Leads who convert by budget, source and inquiries; `stage` is filled in by whoever knows the outcome. */
function someLeads(count: number): { before: InputEvent[]; outcomes: InputEvent[] } {
  const random = seededRandom(5)
  const before: InputEvent[] = []
  const outcomes: InputEvent[] = []
  for (let i = 0; i < count; i++) {
    const customerId = `lead-${i}`
    const at = NOON + i * 10 * MINUTE
    const budget = Math.floor(100 * random())
    const source = ['referral', 'ad', 'fair'][Math.floor(3 * random())]!
    const inquiries = Math.floor(3 * random())
    const logOdds = 0.04 * (budget - 50) + (source === 'referral' ? 1.5 : 0) + 1.2 * (inquiries - 1)
    const converts = random() < 1 / (1 + Math.exp(-logOdds))
    const stage = random() < 0.98 === converts ? 'signed' : 'open'
    const known = { source, stage, ...(i % 5 === 0 ? {} : { budget }) }
    before.push({ topic: 'profiles', event: profile({ customerId, occurredAt: at, traits: known }) })
    for (let j = 0; j < inquiries; j++) {
      const event = interaction({ customerId, type: 'inquiry', occurredAt: at + (j + 1) * MINUTE })
      before.push({ topic: 'interactions', event })
    }
    const kind = converts ? 'CONVERTED' : 'LOST'
    outcomes.push({ topic: 'outcomes', event: outcome({ customerId, kind, occurredAt: at + 9 * MINUTE }) })
  }
  return { before, outcomes }
}

async function learn(): Promise<LinearModel> {
  const { before, outcomes } = someLeads(1_000)
  await installation.sink.write(before)
  await untilProcessed(installation)
  await installation.sink.write(outcomes)
  await untilProcessed(installation)
  trainer = startProcess(installation, 'trainer', { settings: { TRAIN_EVERY_EXAMPLES: '1000' } })
  const lead = async () => (await publishedModels(installation.config)).get('shop/lead')?.model ?? null
  await waitFor('a model', async () => (await lead()) !== null)
  return (await lead())!
}

test('a learned model is explained over HTTP as its record says, in three languages; what leaks is reported', {
  timeout: 120_000,
}, async () => {
  const model = await learn()

  // The trait that knows the outcome is no input, and is told of.
  expect(model.inputs.map(({ feature }) => feature)).toEqual(expect.arrayContaining(['traits.budget', 'traits.source']))
  expect(model.inputs.map(({ feature }) => feature)).not.toContain('traits.stage')
  await waitFor('the API to know the model', async () => {
    const { models } = await ask('/v1/models')
    return models[0].modelVersion === model.version
  })
  const [{ versions, decisions }] = (await ask('/v1/models')).models
  expect(versions[0].training.leaks).toEqual([{ trait: 'stage', auc: expect.toSatisfy((auc) => auc >= 0.95) }])
  expect(decisions[0].training.leaks).toEqual(versions[0].training.leaks)

  const at = NOON + 90 * 24 * HOUR
  const events: InputEvent[] = [
    {
      topic: 'profiles',
      event: profile({ customerId: 'ada', occurredAt: at, traits: { budget: 71, source: 'referral' } }),
    },
    { topic: 'interactions', event: interaction({ customerId: 'ada', type: 'page_view', occurredAt: at + HOUR }) },
  ]
  await installation.sink.write(events)
  await untilProcessed(installation)
  await untilConfirmed(installation)
  const valuesAt = (history: readonly InputEvent[], asOf: number): Values => {
    const known = expectedCustomer(history)
    const traits = [...known.traits].map(([name, value]) => [`traits.${name}`, value] as const)
    return new Map([...Object.entries(expectedFeatures(known, asOf)), ...traits])
  }
  const values = valuesAt(events, at + HOUR)
  const wanted = contributionsBy(model, values)

  for (const [lang, budget, source] of [
    ['en', 'budget: 71, raises the score', 'source: referral, raises the score'],
    ['es', 'budget: 71, sube la puntuación', 'source: referral, sube la puntuación'],
    ['pt', 'budget: 71, aumenta a pontuação', 'source: referral, aumenta a pontuação'],
  ] as const) {
    const { asOf, lead } = await ask(`/v1/customers/ada/explain?lang=${lang}`)
    expect(asOf).toBe(at + HOUR)
    expect(lead).toMatchObject({ modelVersion: model.version, isStored: true })
    // Summed per source feature, whatever its terms: a text's reason names its level.
    const found = new Map<string, number>(
      lead.contributions.map((each: { feature: string; contribution: number }) => [
        each.feature.split('=')[0],
        each.contribution,
      ]),
    )
    for (const [feature, contribution] of wanted) {
      expect(Math.abs((found.get(feature) ?? 0) - contribution), feature).toBeLessThan(1e-9)
    }
    expect([...found.keys()].every((feature) => wanted.has(feature))).toBe(true)
    expect(Math.abs(lead.baseline - baselineBy(model))).toBeLessThan(1e-9)
    expect(Math.abs(lead.probability - probabilityBy(model, values))).toBeLessThan(1e-9)
    const texts = lead.contributions.map(({ text }: { text: string }) => text)
    expect(texts).toEqual(expect.arrayContaining([budget, source]))
  }

  // What would help most: it is done, and the score is what was foretold.
  const { lead } = await ask('/v1/customers/ada/explain')
  const [best, next] = lead.acts
  expect(best.gain).toBeGreaterThan(0.01)
  expect(best.gain).toBeGreaterThanOrEqual(next.gain)
  const act: InputEvent = {
    topic: 'interactions',
    event: interaction({ customerId: 'ada', type: best.act, occurredAt: at + HOUR }),
  }
  await installation.sink.write([act])
  await untilProcessed(installation)
  const stored = (await readCustomers(installation)).findLast(({ customer }) => customer?.customerId === 'ada')!
  expect(stored.customer!.lead.probability).toBeCloseTo(best.probability, 9)
  expect(stored.customer!.lead.probability).toBeCloseTo(probabilityBy(model, valuesAt([...events, act], at + HOUR)), 9)
})
