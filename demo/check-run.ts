import { fileURLToPath } from 'node:url'
import type { InputEvent } from '../schemas/events.ts'
import { type Books, checkBooks } from './books/check-books.ts'
import { chosenHistories } from './books/chosen-histories.ts'
import { readInvoices } from './books/read-invoices.ts'
import type { Scorecards } from './books/scorecard.ts'
import type { DemoOptions } from './demo-options.ts'
import { logEvents } from './feed-log.ts'
import type { Sent } from './send-events.ts'
import { DEMO_FILE } from './simulator/demo-events.ts'
import type { ExpectedFaults } from './simulator/demo-faults.ts'
import type { Stage } from './stage.ts'

const RECOMPUTED_CUSTOMERS = 500

export interface RunToCheck {
  readonly options: DemoOptions
  readonly priors: Scorecards
  readonly sent: Sent
  readonly faults: ExpectedFaults
  /** Events that were sent after the log. */
  readonly more: readonly InputEvent[]
}

/** The books of a run: what was sent is made again from the files and the seed, not remembered. */
export async function checkRun(stage: Stage, { options, priors, sent, faults, more }: RunToCheck): Promise<Books> {
  const { target, redis, keys, registry } = stage
  const invoices = await readInvoices(fileURLToPath(DEMO_FILE))
  const truth: InputEvent[] = []
  // The simulated events between the invoices as they come; the invoices themselves from our own reading.
  let next = 0
  for await (const input of logEvents(options)) {
    const invoice = input.topic === 'transactions' ? invoices[next++] : undefined
    truth.push(invoice === undefined ? input : { topic: 'transactions', event: invoice })
  }
  const histories = chosenHistories([...truth, ...more], RECOMPUTED_CUSTOMERS, options.seed)
  const books = await checkBooks({
    kafka: target.kafka,
    redis,
    keys,
    schemas: registry,
    priors,
    prefix: target.prefix,
    partitions: target.partitions,
    histories,
    events: [...truth, ...more],
    sent: sent.byTopic,
    faults,
  })
  const expected = options.limit === null ? invoices.length : Math.min(options.limit, invoices.length)
  if (next === expected) return books
  const mismatch = `${next} invoices were sent, the file has ${expected}`
  return { ...books, mismatches: [...books.mismatches, mismatch] }
}
