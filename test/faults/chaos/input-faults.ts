import type { seeded } from '../../../bench/random.ts'
import { AppError } from '../../../schemas/errors.ts'
import { INPUT_TOPICS } from '../../../schemas/topics.ts'
import { BASE_SETTINGS } from './base-settings.ts'
import type { Faults } from './campaign.ts'
import { TENANTS } from './make-events.ts'

const POISON = 400

/** To what workers read. */
export const INPUT_FAULTS: Faults = {
  async poisonFills({ producer, records, config }, random) {
    const topic = INPUT_TOPICS[Math.floor(random() * INPUT_TOPICS.length)]!
    await producer.send(records.poison(topic, Math.floor(random() * config.PARTITIONS), POISON))
  },
  /** The broker refuses what is larger than the topic takes; nobody else may notice. */
  async oversized({ producer, config }) {
    const record = {
      topic: `${config.TOPIC_PREFIX}interactions`,
      key: Buffer.from('acme/large'),
      value: Buffer.alloc(1_500_000),
      timestamp: Date.now(),
    }
    const refusal: unknown = await producer.send([record]).then(
      () => null,
      (error: unknown) => error,
    )
    if (!(refusal instanceof AppError) || refusal.retryable) throw new Error(`a record of 1.5 MB: ${refusal}`)
  },
  async settingsChanges({ producer, config, tally }, random) {
    const tenant = TENANTS[Math.floor(random() * TENANTS.length)]!
    const value = JSON.stringify({
      ...BASE_SETTINGS[tenant],
      // The first version is that of the beginning.
      ...settingsOf(tally.settingsChanges + 2, random),
    })
    const topic = `${config.TOPIC_PREFIX}settings`
    const record = { topic, key: Buffer.from(tenant), value: Buffer.from(value), timestamp: Date.now() }
    await producer.send([record])
  },
}

/** What makes results others: classes, their hysteresis, sessions, money and reasons. */
function settingsOf(version: number, random: ReturnType<typeof seeded>): object {
  const edge = random() * 0.1
  return {
    version,
    currency: random() < 0.5 ? null : 'GBP',
    reasons: Math.floor(random() * 6),
    thresholds: { lead: [0.2 + edge, 0.35 + edge, 0.55 + edge, 0.7 + edge], churn: [0.2 + edge, 0.5 + edge] },
    margins: { lead: random() * 0.05, churn: random() * 0.05 },
    minIntervalMs: { lead: random() < 0.5 ? 0 : 86_400_000, churn: 0 },
    sessionGapMs: random() < 0.5 ? 1_800_000 : 86_400_000,
  }
}
