import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { TrainingExample } from '../../schemas/avro/training-example.ts'
import { type LinearModel, parseModel } from '../../schemas/model.ts'
import { parseServedModel, type ServedModel, servedKey, versionKey } from '../../schemas/served-model.ts'
import type { TrainingRequest } from '../../schemas/training-request.ts'
import { exampleOf } from '../../trainer/example-of.ts'
import { evaluate } from '../../training/evaluate.ts'
import { readCustomers } from './support/check-results.ts'
import { type Installation, makeInstallation } from './support/installation.ts'
import { leads, learnFrom } from './support/leads.ts'
import { waitFor } from './support/wait-for.ts'
import { type RunningWorker, startWorker, untilProcessed } from './support/workers.ts'

const COMMAND = fileURLToPath(new URL('../../bin/everscore.ts', import.meta.url))
const KEY = servedKey('shop', 'lead')

let installation: Installation
let worker: RunningWorker
let trainers: ChildProcess[] = []

beforeEach(async () => {
  installation = await makeInstallation()
  worker = await startWorker(installation)
})

afterEach(async () => {
  for (const child of trainers) {
    if (child.exitCode !== null || child.signalCode !== null) continue
    child.kill('SIGTERM')
    await once(child, 'exit')
  }
  trainers = []
  await worker.worker.stop()
  await installation.close()
})

function startTrainer(): ChildProcess {
  const env = { ...process.env, ...installation.env, TRAIN_EVERY_EXAMPLES: '1000' }
  const child = spawn(process.execPath, [COMMAND, 'trainer'], { env, stdio: ['ignore', 'inherit', 'inherit'] })
  trainers.push(child)
  return child
}

async function records(topic: 'models' | 'training-requests'): Promise<[key: string, value: unknown][]> {
  return (await installation.read(topic)).map(({ key, value }) => [key!, JSON.parse(value!.toString())])
}

async function served(): Promise<ServedModel | null> {
  const found = (await records('models')).findLast(([key]) => key === KEY)
  return found === undefined ? null : parseServedModel(found[1])
}

async function modelOf(version: string): Promise<LinearModel> {
  return parseModel((await records('models')).findLast(([key]) => key === versionKey('shop', 'lead', version))![1])
}

test('outcomes make a model that takes over, also when the trainer is killed on the way', {
  timeout: 120_000,
}, async () => {
  await learnFrom(installation, leads(0, 1_600))
  const victim = startTrainer()
  await waitFor('the training to begin', async () => (await records('training-requests')).length > 0)
  victim.kill('SIGKILL')
  startTrainer()
  await waitFor('a model to serve', async () => ((await served())?.serving ?? null) !== null)
  const { serving, decisions } = (await served())!
  const model = await modelOf(serving!)
  const [decision] = decisions
  expect(decision).toMatchObject({ version: serving, promoted: true, champion: null })
  expect(model.inputs.map(({ feature }) => feature)).toEqual(expect.arrayContaining(['traits.budget', 'traits.source']))

  // Its figures are those of examples that it has not learned from.
  const codec = installation.codec<TrainingExample>('training-examples')
  const examples = []
  for (const { value } of await installation.read('training-examples'))
    examples.push(exampleOf(await codec.decodeLoading(value!)))
  expect(examples).toHaveLength(1_600)
  const unseen = examples.filter(({ at }) => at >= model.training!.to)
  expect(unseen.length).toBe(model.metrics!.examples)
  expect(unseen.length + model.training!.examples).toBeLessThanOrEqual(1_600)
  const again = evaluate(model, unseen)
  expect(model.metrics!.auc).toBeCloseTo(again.auc, 12)
  expect(model.metrics!.brier).toBeCloseTo(again.brier, 12)
  expect(again.auc).toBeGreaterThan(0.65)
  expect(decision!.championMetrics!.logLoss).toBeGreaterThan(decision!.metrics!.logLoss)

  // The worker has taken it: what comes now is scored by it.
  await installation.sink.write(leads(5_000, 40).profiles)
  await untilProcessed(installation)
  const late = (await readCustomers(installation)).filter(({ customer }) => /^p-5\d\d\d$/.test(customer!.eventId))
  expect(new Set(late.map(({ customer }) => customer!.lead.modelVersion))).toEqual(new Set([serving]))
})

test('a training that is asked for is told of to its end; without enough examples it is refused', async () => {
  await learnFrom(installation, leads(0, 20))
  startTrainer()
  const topic = installation.topic('training-requests')
  const request: TrainingRequest = {
    requestId: 'r-1',
    state: 'requested',
    progress: 0,
    reasons: [],
    version: null,
    at: 1,
  }
  const value = Buffer.from(JSON.stringify(request))
  await installation.produce([{ topic, key: Buffer.from(KEY), value, timestamp: 1, partition: 0 }])
  const states = async (): Promise<string[]> =>
    (await records('training-requests')).map(([, each]) => (each as TrainingRequest).state)
  await waitFor('the refusal', async () => (await states()).includes('refused'))
  expect(await states()).toEqual(['requested', 'training', 'refused'])
  const [, last] = (await records('training-requests')).at(-1) as [string, TrainingRequest]
  expect(last).toMatchObject({ requestId: 'r-1', progress: 1 })
  expect(last.reasons[0]).toContain('needs 20 of each')
  expect((await served())!.serving).toBeNull()
})
