import { waitUntil } from '../connectors/stack/wait-until.ts'
import { type Customer, customerSchema } from '../schemas/avro/customer.ts'
import { AvroCodec } from '../schemas/codec.ts'
import { MODEL_KINDS } from '../schemas/served-model.ts'
import { untilScored } from './feed-log.ts'
import { EXAMPLES_A_TRAINING } from './installation.ts'
import type { Sent } from './send-events.ts'
import type { Stage } from './stage.ts'

/** Some events are sent twice. */
const DOUBLED = 20
const GIVE_UP_MS = 120_000

/** Resolves when a model has been judged, if enough was sent to learn from. */
export async function untilJudged({ results }: Stage, sent: Sent, signal: AbortSignal): Promise<void> {
  if (sent.byTopic.outcomes < EXAMPLES_A_TRAINING + DOUBLED) return
  const isJudged = async (): Promise<boolean> => results.models.decided('lead')
  await waitUntil(isJudged, { timeoutMs: GIVE_UP_MS, what: 'the first training', signal })
}

/** Resolves when every customer in Redis is scored by the models that serve: stored scores follow a swap page by page. */
export async function untilRefreshed(stage: Stage, signal: AbortSignal): Promise<void> {
  const { target, redis, keys, registry, results } = stage
  await results.untilRead('models', signal)
  const codec = new AvroCodec<Customer>(customerSchema, registry)
  const isRefreshed = async (): Promise<boolean> => {
    for (let partition = 0; partition < target.partitions; partition++) {
      for (const value of Object.values(await redis.hgetallBuffer(keys.customers(partition)))) {
        const customer = await codec.decodeLoading(value)
        for (const kind of MODEL_KINDS) {
          const serving = results.models.serving(kind)
          if (serving !== null && customer[kind].modelVersion !== serving) return false
        }
      }
    }
    return true
  }
  await waitUntil(isRefreshed, { timeoutMs: GIVE_UP_MS, what: 'stored scores to follow the models', signal })
  await untilScored(stage, signal)
}
