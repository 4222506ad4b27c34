import type { InputEvent } from '../schemas/events.ts'
import { untilCaughtUp } from './caught-up.ts'
import type { DemoOptions } from './demo-options.ts'
import { firstInvoices } from './first-invoices.ts'
import { type Sent, sendEvents } from './send-events.ts'
import { DEMO_FILE, demoEvents } from './simulator/demo-events.ts'
import { demoFaults, type ExpectedFaults } from './simulator/demo-faults.ts'
import type { Stage } from './stage.ts'

/** Events around one invoice are seven or eight: 30 faults are spread over them also when there are few invoices. */
const INVOICES_PER_FAULT_GAP = 5

/** The stream that the demo sends, without faults; the same each time it is asked for. */
export function logEvents({ seed, limit }: DemoOptions): AsyncIterable<InputEvent> {
  return firstInvoices(demoEvents(DEMO_FILE, seed), limit)
}

/** Sends the log with some duplicates and bad events in it, and waits until Redis shows all of it. */
export async function feedLog(
  stage: Stage,
  options: DemoOptions,
  { sent, signal }: { readonly sent: Sent; readonly signal: AbortSignal },
): Promise<ExpectedFaults> {
  const { seed, limit } = options
  const eventsPerFault = limit === null ? undefined : Math.max(10, Math.floor(limit / INVOICES_PER_FAULT_GAP))
  const { events, expected } = demoFaults(logEvents(options), seed, eventsPerFault)
  await sendEvents(stage.sink, events, { sent, signal })
  await untilScored(stage, signal)
  return expected
}

/** Resolves when everything that was sent is scored, is in Redis, and has been read here. */
export async function untilScored({ target, kafka, redis, keys, results }: Stage, signal: AbortSignal): Promise<void> {
  const { prefix, partitions } = target
  await untilCaughtUp({ kafka, redis, keys, prefix, partitions, signal })
  await results.untilRead('customers', signal)
}
