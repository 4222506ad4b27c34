import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { KafkaClient } from '../../connectors/kafka/client.ts'
import { FencedPublisher } from '../../connectors/kafka/fenced-publisher.ts'
import { TransactionalProducer } from '../../connectors/kafka/transactional-producer.ts'
import { kafkaSettings } from '../../runtime/kafka-settings.ts'
import { parseServedModel, servedKey } from '../../schemas/served-model.ts'
import { parseTrainingRequest, type TrainingRequest } from '../../schemas/training-request.ts'
import { type Installation, makeInstallation } from './support/installation.ts'
import { leads, learnFrom } from './support/leads.ts'
import { waitFor } from './support/wait-for.ts'
import { type RunningWorker, startWorker } from './support/workers.ts'

const COMMAND = fileURLToPath(new URL('../../bin/everscore.ts', import.meta.url))
const KEY = servedKey('shop', 'lead')

let installation: Installation
let worker: RunningWorker | null = null
let trainers: ChildProcess[] = []

beforeEach(async () => {
  installation = await makeInstallation()
})

afterEach(async () => {
  for (const child of trainers) {
    if (child.exitCode !== null || child.signalCode !== null) continue
    child.kill('SIGCONT')
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  trainers = []
  await worker?.worker.stop()
  worker = null
  await installation.close()
})

interface TrainerProcess {
  readonly child: ChildProcess
  said(): string
}

function startTrainer(): TrainerProcess {
  const env = { ...process.env, ...installation.env, LOG_LEVEL: 'info', TRAIN_EVERY_EXAMPLES: '1000000' }
  const child = spawn(process.execPath, [COMMAND, 'trainer'], { env, stdio: ['ignore', 'inherit', 'pipe'] })
  trainers.push(child)
  let text = ''
  child.stderr.setEncoding('utf8').on('data', (more: string) => {
    text += more
  })
  return { child, said: () => text }
}

async function ask(requestId: string): Promise<void> {
  const request: TrainingRequest = { requestId, state: 'requested', progress: 0, reasons: [], version: null, at: 1 }
  const topic = installation.topic('training-requests')
  const value = Buffer.from(JSON.stringify(request))
  await installation.produce([{ topic, key: Buffer.from(KEY), value, timestamp: 1, partition: 0 }])
}

async function statuses(): Promise<TrainingRequest[]> {
  const records = await installation.read('training-requests')
  return records.map(({ value }) => parseTrainingRequest(JSON.parse(value!.toString())))
}

const ended = async (requestId: string): Promise<TrainingRequest[]> =>
  (await statuses()).filter((each) => each.requestId === requestId && /promoted|refused/.test(each.state))

test('an author who is replaced writes nothing more, and what he had begun is never seen', async () => {
  const client = new KafkaClient(kafkaSettings(installation.config, 'test-fence'))
  const topic = installation.topic('models')
  await client.connect([topic])
  try {
    const open = async (): Promise<FencedPublisher> => {
      const options = { client, transactionalId: `${installation.group}-fence`, transactionTimeoutMs: 10_000 }
      const producer = new TransactionalProducer({ ...options, requestTimeoutMs: 10_000 })
      await producer.open()
      return new FencedPublisher(producer, Date.now)
    }
    const records = (author: string) =>
      ['one', 'two'].map((key) => ({ topic, partition: 0, key: Buffer.from(key), value: Buffer.from(author) }))
    const first = await open()
    await first.send(records('first'))
    const second = await open()
    await expect(first.send(records('first again'))).rejects.toMatchObject({ code: 'PRODUCER_FENCED' })
    await expect(first.send(records('and again'))).rejects.toMatchObject({ code: 'PRODUCER_FENCED' })
    await second.send(records('second'))
    const written = (await installation.read('models')).map(({ key, value }) => `${key} ${value}`)
    expect(written).toEqual(['one first', 'two first', 'one second', 'two second'])
  } finally {
    await client.close()
  }
})

test('of two trainers one trains; one that was asleep publishes nothing beside its successor, and takes its turn again', {
  timeout: 120_000,
}, async () => {
  worker = await startWorker(installation)
  await learnFrom(installation, leads(0, 2_000))
  const [first, second] = [startTrainer(), startTrainer()]
  const ready = (): TrainerProcess[] => [first, second].filter((each) => each.said().includes('trainer is ready'))
  await waitFor('one to be ready', () => ready().length > 0)
  const sleeper = ready()[0]!
  const successor = sleeper === first ? second : first
  await ask('r-1')
  await waitFor('the training to begin', async () => (await statuses()).some(({ state }) => state === 'training'))
  sleeper.child.kill('SIGSTOP')
  await waitFor('the other to train in its place', async () => (await ended('r-1')).length > 0)
  expect(successor.said()).toContain('trainer is ready')
  sleeper.child.kill('SIGCONT')
  await waitFor('the one that slept to find out', () => /stands by|trainer waits/.test(sleeper.said()))

  // Alone again, it goes on from what the other has written.
  successor.child.kill('SIGTERM')
  await once(successor.child, 'exit')
  await ask('r-2')
  await waitFor('it to train', async () => (await ended('r-2')).length > 0)
  expect(sleeper.said().split('trainer is ready').length - 1).toBe(2)

  expect(await ended('r-1')).toHaveLength(1)
  const versions = [...(await ended('r-1')), ...(await ended('r-2'))].map(({ version }) => version)
  const records = (await installation.read('models')).filter(({ key }) => key === KEY)
  const last = parseServedModel(JSON.parse(records.at(-1)!.value!.toString()))
  expect(last.decisions.map(({ version }) => version)).toEqual(versions.toReversed())
  const made = (await installation.read('models')).map(({ key }) => key!).filter((key) => key.startsWith(`${KEY}/`))
  expect(made).toEqual(
    last.decisions
      .filter(({ promoted }) => promoted)
      .map(({ version }) => `${KEY}/${version}`)
      .toReversed(),
  )
})
