import { expect, test } from 'vitest'
import { createCountOrder } from '../../processors/count-order.ts'
import { createEventContext } from '../../processors/event-context.ts'
import { newCustomerState } from '../../schemas/new-state.ts'
import { parseSettings } from '../../schemas/settings.ts'
import { DAY, NOON, transaction } from './build-event.ts'

test('an order that was counted in windows of other settings is taken back since ever only', () => {
  const count = createCountOrder()
  const draft = newCustomerState()
  const lines = [{ itemId: 'a', category: null, quantity: 1, unitPriceMinor: 5 }]
  const spans = (tumblingMs: number[], type: 'PURCHASE' | 'REFUND') => {
    const context = { ...createEventContext(), draft, tenant: parseSettings({ crossSell: { tumblingMs } }) }
    context.input = { topic: 'transactions', event: transaction({ type, orderId: 'o-1', lines, occurredAt: NOON }) }
    count(context)
    return context.basketChanges.map(({ windows, orders }) => [orders, windows.map(({ end }) => end)])
  }
  expect(spans([DAY], 'PURCHASE')).toEqual([[1, [NOON + DAY / 2, null]]])
  expect(spans([2 * DAY], 'REFUND')).toEqual([[-1, [null]]])
})
