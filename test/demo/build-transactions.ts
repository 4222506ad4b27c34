import type { Transaction } from '../../schemas/avro/transaction.ts'

const DAY_MS = 86_400_000
export const START = Date.UTC(2011, 0, 1)

/** A small shop: customer i buys every (7 + i) days for a year at most, and every third one stops after two months. */
export function transactions(customers: number): Transaction[] {
  const all: Transaction[] = []
  for (let i = 0; i < customers; i++) {
    const until = i % 3 === 0 ? 60 : 365
    for (let day = i % 7, n = 0; day < until; day += 7 + i, n++) {
      const id = `${i}-${n}`
      all.push({
        eventId: `retail-${id}`,
        tenantId: 'default',
        customerId: `c${i}`,
        type: n % 5 === 4 ? 'REFUND' : 'PURCHASE',
        occurredAt: START + day * DAY_MS + i * 60_000,
        orderId: id,
        currency: 'GBP',
        amountMinor: 1000 + n,
        lines: [
          { itemId: `item-${n % 9}`, category: null, quantity: 1, unitPriceMinor: 900 },
          { itemId: 'POST', category: 'fee', quantity: 1, unitPriceMinor: 100 },
        ],
        properties: { country: i % 2 === 0 ? 'France' : 'United Kingdom' },
      })
    }
  }
  return all.sort((a, b) => a.occurredAt - b.occurredAt)
}
