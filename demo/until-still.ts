import { setTimeout as sleep } from 'node:timers/promises'
import { logRange } from '../connectors/kafka/offsets.ts'
import { untilScored } from './feed-log.ts'
import type { Stage } from './stage.ts'

/** More than windows.idleMs in the demo: thresholds are made anew when nobody has moved for so long. */
const STILL_MS = 7_000

/**
 * Resolves when nothing has come to `customers` for seven seconds and Redis shows all of it. When all input is scored, the
 * last thresholds of the population may still be on their way, after which customers are judged anew without any input.
 */
export async function untilStill(stage: Stage, signal: AbortSignal): Promise<void> {
  for (let before = -1, now = await endOf(stage); now !== before; now = await endOf(stage)) {
    before = now
    await sleep(STILL_MS, undefined, { signal })
  }
  await untilScored(stage, signal)
}

/** Sum of the end offsets of `customers`. */
async function endOf({ target, kafka }: Stage): Promise<number> {
  let sum = 0
  for (let partition = 0; partition < target.partitions; partition++) {
    sum += (await logRange(kafka, `${target.prefix}customers`, partition)).end
  }
  return sum
}
