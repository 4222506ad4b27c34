import { createHash } from 'node:crypto'
import { CompressionTypes, Kafka, logLevel } from 'kafkajs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openDlq } from '../../bin/dlq.ts'
import { runDlqCommand } from '../../connectors/dead-letters/command.ts'
import { MAX_DEAD_LETTER_BYTES, MAX_DEAD_LETTER_KEY_BYTES } from '../../runtime/dead-letter.ts'
import type { Interaction } from '../../schemas/avro/interaction.ts'
import type { AvroCodec } from '../../schemas/codec.ts'
import { customerKey, partitionOf } from '../../schemas/partition.ts'
import { TOPICS } from '../../schemas/topics.ts'
import { readCustomers } from './support/check-results.ts'
import { type Installation, makeInstallation, PARTITIONS } from './support/installation.ts'
import type { TopicRecord } from './support/read-topic.ts'
import { type CommandResult, runCommand } from './support/run-command.ts'
import { type RunningWorker, startWorker, untilProcessed } from './support/workers.ts'

const NOW = Date.now()

let installation: Installation
let running: RunningWorker
let codec: AvroCodec<Interaction>

/** The command in this process: starting one of its own takes longer than what it does. */
async function runDlq(env: Readonly<Record<string, string>>, args: readonly string[]): Promise<CommandResult> {
  let [stdout, stderr] = ['', '']
  const code = await runDlqCommand(args, {
    open: () => openDlq(env),
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
    now: Date.now,
  })
  return { code, stdout, stderr }
}

const dlq = (...args: string[]): Promise<CommandResult> => runDlq(installation.env, args)
const home = (key: string | Buffer): number => partitionOf(Buffer.from(key), PARTITIONS)
const placeOf = ({ partition, offset }: TopicRecord): string => `${partition}/${offset}`
const letters = (): Promise<TopicRecord[]> => installation.read('dead-letters')

async function letterOf(reason: string): Promise<TopicRecord> {
  return (await letters()).find(({ headers }) => headers['reason'] === reason)!
}

function interaction(customerId: string, eventId: string, occurredAt = NOW): Interaction {
  const nothing = { channel: null, itemId: null, durationMs: null, properties: {} }
  return { eventId, tenantId: 'shop', customerId, type: 'page_view', occurredAt, ...nothing }
}

async function send(key: string, value: Buffer | null, partition = home(key)): Promise<void> {
  const topic = installation.topic('interactions')
  await installation.produce([{ topic, key: Buffer.from(key), value, timestamp: NOW, partition }])
}

/** A batch that is small on the wire, as a producer with compression sends it. */
async function sendCompressed(key: Buffer, value: Buffer): Promise<void> {
  const kafka = new Kafka({ brokers: [...installation.config.KAFKA_BROKERS], logLevel: logLevel.NOTHING })
  const producer = kafka.producer()
  await producer.connect()
  const topic = installation.topic('interactions')
  const messages = [{ key, value, partition: home(key) }]
  await producer.send({ topic, compression: CompressionTypes.GZIP, messages })
  await producer.disconnect()
}

beforeAll(async () => {
  installation = await makeInstallation()
  const id = await installation.registry.register(
    `${installation.topic('interactions')}-value`,
    TOPICS.interactions.schema!,
  )
  codec = installation.codec<Interaction>('interactions').useId(id)
  running = await startWorker(installation)
})

afterAll(async () => {
  await running.worker.stop()
  await installation.close()
})

test('without letters there is nothing to list, show or send', async () => {
  const listed = await runCommand(['dlq', 'ls'], installation.env)
  expect(listed).toEqual({ code: 0, stdout: '0 dead letters\n', stderr: '' })
  expect(await dlq('show', '0/0')).toMatchObject({ code: 1, stderr: expect.stringContaining('no letter 0/0') })
  expect(await dlq('show', '99/0')).toMatchObject({ code: 1, stderr: expect.stringContaining('no partition 99') })
  expect(await dlq('replay', '--all')).toMatchObject({ code: 0, stdout: '0 sent, 0 kept\n' })
})

test('bad arguments are refused before anything is asked, with exit code 2', async () => {
  const refused = await runCommand(['dlq', 'replay'], {})
  expect(refused).toMatchObject({ code: 2, stdout: '' })
  expect(refused.stderr).toMatch(/replay takes either a filter or --all; .*--help/)
  expect(await runCommand(['dlq', 'ls'], {})).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('KAFKA_BROKERS'),
  })
})

describe('with letters', () => {
  const LARGE = Buffer.alloc(MAX_DEAD_LETTER_BYTES + 1_000_000, 'everscore')
  const LONG_KEY = Buffer.alloc(MAX_DEAD_LETTER_KEY_BYTES + 10, 'k')

  beforeAll(async () => {
    // Two customers whose client has another partitioner, a value that was cut, and two that are too large.
    for (const id of ['p-1', 'p-2']) {
      const key = customerKey('shop', id)
      await send(key, codec.encode(interaction(id, `misplaced-${id}`)), (home(key) + 1) % PARTITIONS)
    }
    await send('shop/t-1', codec.encode(interaction('t-1', 'cut')).subarray(0, -2))
    await sendCompressed(Buffer.from('shop/large'), LARGE)
    await sendCompressed(LONG_KEY, codec.encode(interaction('k-1', 'long-key')))
    await untilProcessed(installation)
  })

  test('ls counts them by topic, stage and reason', async () => {
    const { code, stdout } = await dlq('ls')
    expect(code).toBe(0)
    expect(stdout.split('\n').map((line) => line.trim().split(/ {2,}/).slice(0, 4))).toEqual([
      ['letters', 'topic', 'stage', 'reason'],
      ['2', 'interactions', 'key', 'WRONG_PARTITION'],
      ...(await letters())
        .filter(({ headers }) => headers['reason'] !== 'WRONG_PARTITION')
        .map(({ headers }) => ['1', 'interactions', headers['stage'], headers['reason']]),
      ['5 dead letters'],
      [''],
    ])
    expect((await dlq('ls', '--reason', 'TRUNCATED')).stdout).toMatch(/\n1 dead letters\n$/)
    expect((await dlq('ls', '--since', '1h', '--topic', 'interactions')).stdout).toMatch(/\n5 dead letters\n$/)
    expect((await dlq('ls', '--topic', 'surveys')).stdout).toBe('0 dead letters\n')
    expect((await dlq('ls', '--since', new Date(Date.now() + 60_000).toISOString())).stdout).toBe('0 dead letters\n')
  })

  test('show prints headers, key and the decoded value', async () => {
    const letter = await letterOf('WRONG_PARTITION')
    const { code, stdout } = await dlq('show', placeOf(letter))
    expect(code).toBe(0)
    expect(stdout).toContain(`letter     ${placeOf(letter)}, written `)
    expect(stdout).toMatch(/\nreason {5}WRONG_PARTITION\n/)
    expect(stdout).toContain(`\nkey        ${letter.key}\n`)
    expect(JSON.parse(stdout.slice(stdout.indexOf('\n{')))).toEqual(await codec.decodeLoading(letter.value!))
  })

  test('show prints bytes that can not be decoded, and why', async () => {
    const letter = await letterOf('TRUNCATED')
    const { code, stdout } = await dlq('show', placeOf(letter))
    expect(code).toBe(0)
    expect(stdout).toContain('not readable: truncated Avro')
    expect(stdout.slice(stdout.lastIndexOf('Avro\n') + 5).replaceAll('\n', '')).toBe(letter.value!.toString('hex'))
  })

  test('records that are too large are cut, with the length and the hash of the whole', async () => {
    const large = (await letters()).find(({ key }) => key === 'shop/large')!
    expect(large.value!.equals(LARGE.subarray(0, MAX_DEAD_LETTER_BYTES))).toBe(true)
    expect(large.headers).toMatchObject({
      length: String(LARGE.length),
      sha256: createHash('sha256').update(LARGE).digest('hex'),
    })
    const long = (await letters()).find(({ headers }) => headers['keyLength'] !== undefined)!
    expect(long.key).toBe(LONG_KEY.subarray(0, MAX_DEAD_LETTER_KEY_BYTES).toString())
    expect(long.headers).toMatchObject({
      keyLength: String(LONG_KEY.length),
      keySha256: createHash('sha256').update(LONG_KEY).digest('hex'),
    })
    const { stdout } = await dlq('show', placeOf(large))
    expect(stdout).toContain(`${MAX_DEAD_LETTER_BYTES} bytes of ${LARGE.length}`)
  })

  test('a dry run says how many would be sent, and changes nothing', async () => {
    const before = await installation.read('interactions')
    const { code, stdout } = await dlq('replay', '--reason', 'WRONG_PARTITION', '--dry-run')
    expect([code, stdout]).toEqual([0, '2 would be sent, 0 kept\n'])
    expect(await installation.read('interactions')).toHaveLength(before.length)
  })

  test('replay refuses what was cut or can not be decoded, says why and keeps it', async () => {
    const before = await installation.read('interactions')
    for (const letter of (await letters()).filter(({ headers }) => headers['reason'] !== 'WRONG_PARTITION')) {
      const { code, stdout, stderr } = await dlq('replay', '--letter', placeOf(letter))
      expect([code, stdout]).toEqual([1, '0 sent, 1 kept\n'])
      const { length, sha256, keyLength, keySha256 } = letter.headers
      const why = keySha256
        ? `its key was cut: ${keyLength} bytes, SHA-256 ${keySha256}`
        : sha256
          ? `it was cut: the record has ${length} bytes, SHA-256 ${sha256}`
          : "it can't be decoded: truncated Avro"
      expect(stderr).toContain(`kept ${placeOf(letter)}: ${why}`)
    }
    expect(await installation.read('interactions')).toHaveLength(before.length)
    expect((await dlq('ls')).stdout).toMatch(/\n5 dead letters\n$/)
  })

  test('replay sends to the partition of the key, with the place of the first record, and the event is scored', async () => {
    const originals = (await letters()).filter(({ headers }) => headers['reason'] === 'WRONG_PARTITION')
    const { code, stdout } = await dlq('replay', '--reason', 'WRONG_PARTITION')
    expect([code, stdout]).toEqual([0, '2 sent, 0 kept\n'])
    await untilProcessed(installation)
    const sent = (await installation.read('interactions')).filter(({ headers }) => headers['firstOffset'] !== undefined)
    expect(sent).toHaveLength(2)
    for (const record of sent) {
      const original = originals.find(({ key }) => key === record.key)!
      expect(record.partition).toBe(home(record.key!))
      expect(record.value!.equals(original.value!)).toBe(true)
      expect(record.headers).toEqual({
        firstTopic: 'interactions',
        firstPartition: original.headers['partition'],
        firstOffset: original.headers['offset'],
      })
    }
    const scored = (await readCustomers(installation)).map(({ customer }) => customer!.eventId)
    expect(scored.toSorted()).toEqual(['misplaced-p-1', 'misplaced-p-2'])
  })

  test('replayed again, the events are dropped as seen before', async () => {
    const before = await readCustomers(installation)
    await send('shop/t-2', Buffer.from('later'))
    await untilProcessed(installation)
    await dlq('replay', '--reason', 'WRONG_PARTITION')
    await untilProcessed(installation)
    expect(await readCustomers(installation)).toHaveLength(before.length)
  })

  test('a record that is refused again keeps the place of the first', async () => {
    const value = codec.encode(interaction('f-1', 'future', NOW + 365 * 86_400_000))
    await send('shop/f-1', value)
    await untilProcessed(installation)
    const first = await letterOf('OCCURRED_AT_TOO_FAR_AHEAD')
    for (const _round of [1, 2]) {
      expect((await dlq('replay', '--reason', 'OCCURRED_AT_TOO_FAR_AHEAD')).code).toBe(0)
      await untilProcessed(installation)
    }
    const again = (await letters()).filter(({ headers }) => headers['reason'] === 'OCCURRED_AT_TOO_FAR_AHEAD')
    expect(again.length).toBeGreaterThanOrEqual(3)
    for (const { headers } of again.filter((letter) => letter !== again[0])) {
      if (headers['offset'] === first.headers['offset']) continue
      expect(headers).toMatchObject({
        firstPartition: first.headers['partition'],
        firstOffset: first.headers['offset'],
      })
    }
  })
})

describe('what is done', () => {
  let own: Installation
  const run = (...args: string[]): Promise<CommandResult> => runDlq(own.env, args)
  const total = async (): Promise<number> => Number(/(\d+) dead letters\n$/.exec((await run('ls')).stdout)![1])
  let all: TopicRecord[]

  beforeAll(async () => {
    own = await makeInstallation()
    const worker = await startWorker(own)
    const topic = own.topic('interactions')
    const wrong = Array.from({ length: 12 }, (_, i) => {
      const key = Buffer.from(customerKey('shop', `d-${i}`))
      // Every third one can't be decoded.
      const value = i % 3 === 0 ? Buffer.from('nonsense') : codec.encode(interaction(`d-${i}`, `done-${i}`))
      return { topic, key, value, timestamp: NOW, partition: (home(key) + 1) % PARTITIONS }
    })
    await own.produce(wrong)
    await untilProcessed(own)
    await worker.worker.stop()
    all = await own.read('dead-letters')
  })
  afterAll(() => own.close())

  test('a replay settles letters from the first on up to one that it keeps', async () => {
    expect(all).toHaveLength(12)
    const { code, stdout } = await run('replay', '--all')
    expect([code, stdout]).toEqual([1, '8 sent, 4 kept\n'])
    const open = Array.from({ length: PARTITIONS }, (_, partition) => {
      const mine = all.filter((letter) => letter.partition === partition)
      const first = mine.findIndex(({ headers }) => headers['stage'] === 'decode')
      return first < 0 ? 0 : mine.length - first
    })
    expect(await total()).toBe(open.reduce((sum, each) => sum + each))
  })

  test('drop settles up to a letter, in its partition', async () => {
    const partition = all.find(({ headers }) => headers['stage'] === 'decode')!.partition
    const mine = all.filter((letter) => letter.partition === partition)
    const before = await total()
    const beyond = `${partition}/${mine.at(-1)!.offset + 100}`
    expect(await run('drop', beyond)).toMatchObject({ code: 1, stderr: expect.stringContaining(`no letter ${beyond}`) })
    expect(await total()).toBe(before)
    const { code, stdout } = await run('drop', placeOf(mine.at(-1)!))
    expect(code).toBe(0)
    expect(await total()).toBe(before - Number(/^(\d+) dropped\n$/.exec(stdout)![1]))
    // Again, and for an earlier one: what is done stays done.
    expect((await run('drop', placeOf(mine[0]!))).stdout).toBe('0 dropped\n')
  })

  test('drop --all settles the rest; the letters stay in the topic and can be shown', async () => {
    const left = await total()
    expect((await run('drop', '--all')).stdout).toBe(`${left} dropped\n`)
    expect(await total()).toBe(0)
    expect(await run('replay', '--all')).toMatchObject({ code: 0, stdout: '0 sent, 0 kept\n' })
    expect(await own.read('dead-letters')).toHaveLength(12)
    expect((await run('show', placeOf(all[0]!))).code).toBe(0)
  })
})

test('skip is refused where no partition stands still', async () => {
  const refused = await dlq('skip', 'interactions/0/999999')
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringMatching(/stands at offset \d+.*INPUT_INVALID/) })
  expect(await dlq('skip', 'interactions/77/0')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('no such partition'),
  })
})
