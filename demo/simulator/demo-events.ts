import { fileURLToPath } from 'node:url'
import { InputFile } from '../../connectors/file-replay/input-file.ts'
import { readItems } from '../../connectors/file-replay/read-items.ts'
import { shippedMapping } from '../../connectors/file-replay/shipped-mappings.ts'
import type { Transaction } from '../../schemas/avro/transaction.ts'
import type { InputEvent } from '../../schemas/events.ts'
import { compareEvents } from './event-order.ts'
import { simulate } from './simulate.ts'

/** The events that the demo sends when nobody says otherwise. */
export const DEMO_FILE = new URL('../data/online_retail.csv.gz', import.meta.url)

/**
 * The real invoices of an Online Retail file and what was made up around them, in event-time order. Can be iterated again,
 * and gives the same each time. Holds all events in memory while it is iterated.
 * @throws AppError INPUT_INVALID while iterated, when the file can't be read
 */
export function demoEvents(path: string | URL, seed: number): AsyncIterable<InputEvent> {
  return {
    async *[Symbol.asyncIterator]() {
      const transactions = await readTransactions(path)
      const simulated = simulate(transactions, { seed })
      const real = transactions.map((event): InputEvent => ({ topic: 'transactions', event }))
      yield* [...real, ...simulated].sort(compareEvents)
    },
  }
}

/** The transactions of an Online Retail file: one an invoice of a known customer, in the file's order. */
export async function readTransactions(path: string | URL): Promise<Transaction[]> {
  const file = await InputFile.open(path instanceof URL ? fileURLToPath(path) : path)
  const transactions: Transaction[] = []
  for await (const items of readItems(file, shippedMapping('online-retail'))) {
    for (const item of items) {
      if (item.kind === 'event' && item.event.topic === 'transactions') transactions.push(item.event.event)
    }
  }
  return transactions
}
