import { setTimeout as sleep } from 'node:timers/promises'
import kafkajs, { type Admin } from 'kafkajs'
import { AppError } from '../../schemas/errors.ts'
import { TOPICS, type TopicSpec } from '../../schemas/topics.ts'
import { newAdmin } from './admin.ts'
import type { KafkaSettings } from './client.ts'
import { asKafkaError, kafkaErrorType } from './kafka-error.ts'

export interface TopicCheck {
  readonly topic: string
  readonly action: 'created' | 'checked'
  /** Settings that differ from the catalogue's; the topic still works. */
  readonly differences: readonly string[]
}

const WANTED_REPLICAS = 3
const WANTED_IN_SYNC = 2
const KNOWN_WITHIN_MS = 30_000
const NOT_YET_KNOWN = new Set(['UNKNOWN_TOPIC_OR_PARTITION', 'LEADER_NOT_AVAILABLE'])

/**
 * Creates the topics of the catalogue that don't exist and checks the others.
 * @throws AppError TOPIC_MISMATCH when a topic has another number of partitions: growing needs a new prefix and a replay
 */
export async function ensureTopics(settings: KafkaSettings, prefix: string, partitions: number): Promise<TopicCheck[]> {
  const admin = newAdmin(settings)
  try {
    await admin.connect()
    const { brokers } = await admin.describeCluster()
    const existing = new Set(await admin.listTopics())
    const specs: readonly TopicSpec[] = Object.values(TOPICS)
    const missing = specs.filter((spec) => !existing.has(prefix + spec.name))
    if (missing.length > 0) {
      const replicas = Math.min(WANTED_REPLICAS, brokers.length)
      const inSync = replicas >= WANTED_REPLICAS ? WANTED_IN_SYNC : 1
      await admin.createTopics({
        // kafkajs waits for leaders, but fails when its broker hasn't heard of the topics yet.
        waitForLeaders: false,
        topics: missing.map((spec) => ({
          topic: prefix + spec.name,
          numPartitions: countOf(spec, partitions),
          replicationFactor: replicas,
          configEntries: Object.entries({ ...spec.config, 'min.insync.replicas': String(inSync) }).map(
            ([name, value]) => ({ name, value }),
          ),
        })),
      })
      await untilKnown(
        admin,
        missing.map((spec) => prefix + spec.name),
      )
    }
    const checks: TopicCheck[] = missing.map((spec) => ({
      topic: prefix + spec.name,
      action: 'created',
      differences: [],
    }))
    const present = specs.filter((spec) => existing.has(prefix + spec.name))
    checks.push(...(await checkTopics(admin, present, prefix, partitions)))
    return checks
  } catch (error) {
    throw asKafkaError(error, 'creating topics')
  } finally {
    await admin.disconnect()
  }
}

/** Topics are made by the controller; the brokers hear of them a moment later. @throws kafkajs's error after KNOWN_WITHIN_MS */
async function untilKnown(admin: Admin, topics: string[]): Promise<void> {
  const deadline = performance.now() + KNOWN_WITHIN_MS
  for (;;) {
    try {
      await admin.fetchTopicMetadata({ topics })
      return
    } catch (error) {
      if (!NOT_YET_KNOWN.has(kafkaErrorType(error)) || performance.now() > deadline) throw error
    }
    await sleep(100)
  }
}

async function checkTopics(
  admin: Admin,
  specs: readonly TopicSpec[],
  prefix: string,
  partitions: number,
): Promise<TopicCheck[]> {
  if (specs.length === 0) return []
  const names = specs.map((spec) => prefix + spec.name)
  const { topics } = await admin.fetchTopicMetadata({ topics: names })
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: names.map((name) => ({ type: kafkajs.ConfigResourceTypes.TOPIC, name })),
  })
  return specs.map((spec) => {
    const topic = prefix + spec.name
    const found = topics.find((each) => each.name === topic)?.partitions.length
    const wanted = countOf(spec, partitions)
    if (found !== wanted) {
      throw new AppError(
        'TOPIC_MISMATCH',
        `topic ${topic} has ${found} partitions, PARTITIONS asks for ${wanted}: set PARTITIONS=${found}, or use a new TOPIC_PREFIX and replay`,
        { details: { field: 'PARTITIONS', topic, found, wanted } },
      )
    }
    const entries = resources.find((each) => each.resourceName === topic)?.configEntries ?? []
    const differences = Object.entries(spec.config).flatMap(([name, value]) => {
      const actual = entries.find((entry) => entry.configName === name)?.configValue
      return actual === value ? [] : [`${name} is ${actual}, not ${value}`]
    })
    return { topic, action: 'checked', differences }
  })
}

function countOf(spec: TopicSpec, partitions: number): number {
  return spec.partitions === 'data' ? partitions : spec.partitions
}
