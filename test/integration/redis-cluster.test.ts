import { join } from 'node:path'
import { Command, Redis } from 'ioredis'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { RedisLookup } from '../../api/redis-lookup.ts'
import { load } from '../../bench/generator.ts'
import { artifactFolder, fetchArtifacts } from '../../connectors/stack/artifacts.ts'
import { type DataFolder, openDataFolder } from '../../connectors/stack/data-folder.ts'
import { findProgram } from '../../connectors/stack/find-program.ts'
import { launchServer } from '../../connectors/stack/launch-server.ts'
import { installedRedis, redisBinary, redisServer } from '../../connectors/stack/redis-server.ts'
import { serverEnvironment } from '../../connectors/stack/server-environment.ts'
import type { RunningServer } from '../../connectors/stack/types.ts'
import { customerKey, partitionOf } from '../../schemas/partition.ts'
import { redisKeys } from '../../schemas/redis-keys.ts'
import { connectRedis, redisReady } from '../../state/redis-connection.ts'
import { RedisStore } from '../../state/redis-store.ts'
import { expectExactlyOnce, expectViewEqualsLog } from './support/check-results.ts'
import { type Installation, makeInstallation, PARTITIONS } from './support/installation.ts'
import { waitFor } from './support/wait-for.ts'
import { startWorker, untilConfirmed, untilProcessed } from './support/workers.ts'

const SLOTS = 16_384
const EVENTS = 3_000
const events = [...load({ seed: 11, events: EVENTS, customers: 200, until: Date.UTC(2026, 0, 1) })]

let folder: DataFolder
let nodes: RunningServer[]
let looking: Redis[]
let cluster: Redis
let installation: Installation

beforeAll(async () => {
  folder = await openDataFolder({ madeBy: 'java' })
  nodes = [await startNode(), await startNode()]
  looking = nodes.map(({ address }) => new Redis(address))
  await joinNodes()
  const url = nodes.map(({ address }) => address).join(',')
  cluster = connectRedis({ url })
  await redisReady(cluster)
  const single = await makeInstallation()
  installation = { ...single, redis: cluster, env: { ...single.env, REDIS_URL: url } }
})

afterAll(async () => {
  cluster.disconnect()
  for (const redis of looking) redis.disconnect()
  for (const node of nodes) await node.stop()
  folder.close()
  await installation.close()
})

test('workers keep the view in a cluster, also while a partition’s keys move to another node', async () => {
  const { worker } = await startWorker(installation, { REDIS_URL: installation.env['REDIS_URL']! })
  try {
    await installation.sink.write(events.slice(0, EVENTS / 2))
    await untilProcessed(installation)
    await untilConfirmed(installation)
    const keysOfNodes = await Promise.all(looking.map((redis) => redis.dbsize()))
    expect(Math.min(...keysOfNodes)).toBeGreaterThan(0)

    const moved = move(installation.keys.position(0))
    await installation.sink.write(events.slice(EVENTS / 2))
    await moved
    await untilProcessed(installation)
    await untilConfirmed(installation)
    await expectExactlyOnce(installation, events)
    await expectViewEqualsLog(installation)
    const { tenantId, customerId } = events[0]!.event
    const lookup = new RedisLookup(cluster, installation.keys)
    const found = await lookup.read(partitionOf(Buffer.from(customerKey(tenantId, customerId)), PARTITIONS), tenantId, [
      customerId,
    ])
    expect(found.values[0]).toBeInstanceOf(Buffer)
    expect((await lookup.installation(PARTITIONS)).partitions).toBe(PARTITIONS)
  } finally {
    await worker.stop()
  }
})

test('large changes find the node of their partition, also after it moved', async () => {
  const keys = redisKeys('large')
  const partitions = Array.from({ length: 8 }, (_, partition) => partition)
  const store = new RedisStore({ redis: cluster, keys })
  const write = async (partition: number, from: number | null, to: number): Promise<string> => {
    const position = { offset: to, inputs: {}, cluster: 'c', topic: 't', at: 1, streamTimes: new Map() }
    const entries = Array.from({ length: 600 }, (_, i) => ({
      key: `acme/${i}`,
      tenantId: 'acme',
      customerId: String(i),
      value: Buffer.from(`${partition} at ${to}`),
      probability: 0.5,
      risk: 0.5,
      newestAt: 1,
      nextLookAt: 0,
    }))
    return await store.write(partition, { expected: from, position, entries, timers: [], snapshots: [] })
  }
  expect(new Set(await Promise.all(partitions.map((partition) => write(partition, null, 1))))).toEqual(
    new Set(['written']),
  )
  const homes = await Promise.all(partitions.map((partition) => homeOf(keys.position(partition))))
  expect(new Set(homes).size).toBe(2)
  await move(keys.position(3))
  expect(await homeOf(keys.position(3))).not.toBe(homes[3])
  for (const partition of partitions) {
    expect(await write(partition, 1, 2)).toBe('written')
    expect(await write(partition, 1, 2)).toBe('already')
    expect(await write(partition, 1, 3)).toBe('foreign')
    const values = await cluster.hvals(keys.customers(partition))
    expect(values).toEqual(Array(600).fill(`${partition} at 2`))
  }
})

test('nodes that the cluster tells of are asked as the user of its first address', async () => {
  await Promise.all(looking.map((redis) => redis.config('SET', 'requirepass', 'pass word')))
  // Both are the first node: of the other one only the cluster tells.
  const { port } = new URL(nodes[0]!.address)
  const urls = ['127.0.0.1', 'localhost'].map((host) => `redis://:pass%20word@${host}:${port}`)
  const known = connectRedis({ url: urls.join(',') })
  try {
    await redisReady(known)
    const keys = Array.from({ length: 20 }, (_, i) => `asked/${i}`)
    for (const key of keys) await known.set(key, key)
    expect(new Set(await Promise.all(keys.map(homeOf))).size).toBe(2)
    expect(await Promise.all(keys.map((key) => known.get(key)))).toEqual(keys)
  } finally {
    known.disconnect()
    await Promise.all(looking.map((redis) => redis.config('SET', 'requirepass', '')))
  }
})

/** Which node holds the slot of a key. */
async function homeOf(key: string): Promise<number> {
  const held = await Promise.all(looking.map((redis) => redis.exists(key).catch(() => 0)))
  return held.indexOf(1)
}

async function startNode(): Promise<RunningServer> {
  const environment = serverEnvironment(process.env)
  const definition = redisServer({ program: await redisProgram(), kind: 'java', keepsData: false })
  return await launchServer({
    definition: {
      ...definition,
      prepare: async (context) => {
        const prepared = await definition.prepare(context)
        const file = join(context.folder, `nodes-${context.port}.conf`)
        return { ...prepared, args: [...prepared.args, '--cluster-enabled', 'yes', '--cluster-config-file', file] }
      },
    },
    port: undefined,
    folder,
    env: environment,
    onUnexpectedEnd: () => {},
  })
}

async function redisProgram(): Promise<string> {
  const installed = await installedRedis(process.env)
  if (installed !== null) return installed
  await fetchArtifacts(['redis'], { env: process.env, maven: findProgram('mvn', process.env), log: () => {} })
  return redisBinary(artifactFolder('redis', process.env)) ?? ''
}

/** Each node gets half of the slots. */
async function joinNodes(): Promise<void> {
  const [one, other] = looking as [Redis, Redis]
  const slots = Array.from({ length: SLOTS }, (_, slot) => slot)
  await one.cluster('ADDSLOTS', ...slots.slice(0, SLOTS / 2))
  await other.cluster('ADDSLOTS', ...slots.slice(SLOTS / 2))
  await one.cluster('MEET', '127.0.0.1', Number(new URL(nodes[1]!.address).port))
  const isJoined = async (redis: Redis): Promise<boolean> => {
    const info = String(await redis.cluster('INFO'))
    return info.includes('cluster_state:ok') && info.includes('cluster_known_nodes:2')
  }
  await waitFor('the nodes to join', async () => (await isJoined(one)) && (await isJoined(other)))
}

/** Moves the slot of a key, with its keys, to the other node, as resharding does. */
async function move(key: string): Promise<void> {
  const slot = new Command('get', [key]).getSlot()
  const ids = await Promise.all(looking.map(async (redis) => String(await redis.cluster('MYID'))))
  const from = await homeOf(key)
  const to = 1 - from
  await looking[to]!.cluster('SETSLOT', slot, 'IMPORTING', ids[from]!)
  await looking[from]!.cluster('SETSLOT', slot, 'MIGRATING', ids[to]!)
  const port = Number(new URL(nodes[to]!.address).port)
  for (;;) {
    const names = (await looking[from]!.call('CLUSTER', 'GETKEYSINSLOT', slot, 10)) as string[]
    if (names.length === 0) break
    await looking[from]!.migrate('127.0.0.1', port, '', 0, 5_000, 'KEYS', ...names)
  }
  for (const redis of [looking[to]!, looking[from]!]) await redis.cluster('SETSLOT', slot, 'NODE', ids[to]!)
}
