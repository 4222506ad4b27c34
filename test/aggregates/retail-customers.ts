import { fileURLToPath } from 'node:url'
import { readInvoices } from '../../demo/books/read-invoices.ts'

const FILE = fileURLToPath(new URL('../../demo/data/online_retail.csv.gz', import.meta.url))
const DAY_MS = 86_400_000

export interface RetailCustomer {
  /** Of the last purchase, days since 1970. */
  day: number
  frequency: number
  monetaryMinor: number
}

/** The customers of Online Retail who ever bought, counted from its invoices and nothing else. */
export async function retailCustomers(): Promise<RetailCustomer[]> {
  const customers = new Map<string, RetailCustomer>()
  for (const { customerId, type, occurredAt, amountMinor } of await readInvoices(FILE)) {
    const customer = customers.get(customerId) ?? { day: -1, frequency: 0, monetaryMinor: 0 }
    customers.set(customerId, customer)
    customer.monetaryMinor += type === 'REFUND' ? -amountMinor : amountMinor
    if (type !== 'PURCHASE') continue
    customer.frequency++
    customer.day = Math.max(customer.day, Math.floor(occurredAt / DAY_MS))
  }
  return [...customers.values()].filter(({ frequency }) => frequency > 0)
}
