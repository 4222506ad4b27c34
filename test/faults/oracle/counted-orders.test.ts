import { expect, test } from 'vitest'
import { DEFAULT_SETTINGS } from '../../../schemas/settings.ts'
import { DAY, NOON, transaction } from '../../processors/build-event.ts'
import { CountedOrders } from './counted-orders.ts'

const line = (itemId: string) => ({ itemId, category: null, quantity: 1, unitPriceMinor: 100 })
const order = { tenantId: 'acme', customerId: 'c', orderId: 'o', occurredAt: NOON }
const bought = transaction({ ...order, type: 'PURCHASE', lines: [line('a'), line('b'), line('c')] })
const returned = transaction({ ...order, type: 'REFUND', occurredAt: NOON + DAY, lines: [line('a')] })
/** Counts of pairs in windows that have an end. */
const pairsOf = (orders: CountedOrders): string[] => {
  const counts = new Map<string, number>()
  orders.addTo(counts)
  return [...counts.keys()].flatMap((name) => /\/\d+\/\d+\/(\w\+\w)$/.exec(name)?.[1] ?? [])
}

test('a refund takes away from the windows that an order was counted in', () => {
  const orders = new CountedOrders()
  orders.add(bought, 'c', DEFAULT_SETTINGS, NOON)
  expect(pairsOf(orders)).toEqual(['a+b', 'a+c', 'b+c'])
  orders.add(returned, 'c', DEFAULT_SETTINGS, NOON + DAY)
  expect(pairsOf(orders)).toEqual(['b+c'])
})

test('a refund counts no order in a window for which it came too late', () => {
  const orders = new CountedOrders()
  expect(orders.add(bought, 'c', DEFAULT_SETTINGS, NOON + 100 * DAY)).toBe('LATE')
  // Nothing tells when the refund came: it may be taken to have come before that.
  orders.add(returned, 'c', DEFAULT_SETTINGS, NOON + DAY)
  expect(pairsOf(orders)).toEqual([])
})
