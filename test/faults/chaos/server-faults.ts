import { cp, mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { waitUntil } from '../../../connectors/stack/wait-until.ts'
import { applicationId } from '../../../runtime/kafka-settings.ts'
import { redisKeys } from '../../../schemas/redis-keys.ts'
import { type Campaign, type Faults, serverOf } from './campaign.ts'

/** Workers may have to find Redis, the broker and one another first. */
const MOVES_MS = 60_000

/** To Kafka, Redis and the registry: one at a time, while workers come and go in another lane. */
export const SERVER_FAULTS: Faults = {
  async brokerRestarts(campaign) {
    await serverOf(campaign, 'kafka').restart()
  },
  async brokerKills(campaign, random) {
    const kafka = serverOf(campaign, 'kafka')
    await kafka.kill('SIGKILL')
    await sleep(random() * 2_000)
    await kafka.restart()
  },
  async redisKills(campaign, random) {
    const redis = serverOf(campaign, 'redis')
    await redis.kill('SIGKILL')
    await sleep(random() * 3_000)
    await redis.restart()
  },
  async flushalls({ stack }) {
    const redis = new Redis(stack.redisUrl)
    try {
      await redis.flushall()
    } finally {
      redis.disconnect()
    }
  },
  async redisEmptied(campaign, random) {
    const redis = serverOf(campaign, 'redis')
    await redis.kill('SIGKILL')
    await emptyFolder(campaign.redisFolder)
    await sleep(random() * 1_000)
    await redis.restart()
  },
  /** It comes back as it was some thousand records ago. */
  async redisSnapshots(campaign, random) {
    const { redisFolder, snapshotFolder } = campaign
    const redis = serverOf(campaign, 'redis')
    await redis.kill('SIGKILL')
    await rm(snapshotFolder, { recursive: true, force: true })
    await mkdir(snapshotFolder)
    await copyData(redisFolder, snapshotFolder)
    await redis.restart()
    await untilViewMoves(campaign, await viewOffsets(campaign), 500 + random() * 2_000)
    const left = await viewOffsets(campaign)
    await redis.kill('SIGKILL')
    await emptyFolder(redisFolder)
    await copyData(snapshotFolder, redisFolder)
    await redis.restart()
    // The next fault could hide what this one did.
    await untilViewMoves(campaign, left, 500)
  },
  async registryOutages(campaign, random) {
    const registry = serverOf(campaign, 'registry')
    await registry.kill('SIGKILL')
    await sleep(1_000 + random() * 3_000)
    await registry.restart()
  },
}

async function untilViewMoves(campaign: Campaign, from: number, by: number): Promise<void> {
  const moved = async (): Promise<boolean> => (await viewOffsets(campaign)) > from + by
  await waitUntil(moved, { timeoutMs: MOVES_MS, what: `the views to move by ${Math.ceil(by)} records` })
}

/** How far the views of all partitions follow their changelogs, summed up. */
async function viewOffsets({ stack, config }: Campaign): Promise<number> {
  const redis = new Redis(stack.redisUrl)
  try {
    const keys = redisKeys(applicationId(config))
    let sum = 0
    for (let partition = 0; partition < config.PARTITIONS; partition++) {
      sum += Number(await redis.hget(keys.position(partition), 'offset'))
    }
    return sum
  } finally {
    redis.disconnect()
  }
}

/** All but the server's log, which says what happened. */
async function dataIn(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter((name) => !name.endsWith('.log'))
}

async function emptyFolder(folder: string): Promise<void> {
  for (const name of await dataIn(folder)) await rm(join(folder, name), { recursive: true })
}

async function copyData(from: string, to: string): Promise<void> {
  for (const name of await dataIn(from)) await cp(join(from, name), join(to, name), { recursive: true })
}
