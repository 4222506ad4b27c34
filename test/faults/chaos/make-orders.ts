import type { Transaction } from '../../../schemas/avro/transaction.ts'
import type { InputEvent } from '../../../schemas/events.ts'

type Random = () => number
type Base = Pick<Transaction, 'eventId' | 'tenantId' | 'customerId' | 'occurredAt'>
type Line = Transaction['lines'][number]

const ITEMS = 24
const CATEGORIES = 5
/** Orders that a refund or a second purchase may be about. */
const REMEMBERED = 400
/** More different items than the settings of the run allow. */
const TOO_MANY_ITEMS = 41

export const MAX_ORDER_ITEMS = 40

/** Orders of several lines, some of them paid in two parts; refunds of all, of some lines, or of a part of the money. */
export class Orders {
  readonly #random: Random
  readonly #paid: Transaction[] = []
  #next = 0

  constructor(random: Random) {
    this.#random = random
  }

  purchase(base: Base): InputEvent {
    const random = this.#random
    const before = random() < 0.04 ? this.#any() : undefined
    const currency = random() < 0.9 ? 'GBP' : random() < 0.5 ? 'JPY' : 'eur'
    const event: Transaction = {
      ...base,
      ...(before === undefined ? {} : { tenantId: before.tenantId, customerId: before.customerId }),
      type: 'PURCHASE',
      currency,
      amountMinor: Math.floor(random() * 20_000),
      orderId: random() < 0.05 ? null : (before?.orderId ?? `o-${base.eventId}`),
      lines: this.#lines(),
      properties: {},
    }
    if (event.orderId !== null) this.#paid[this.#next++ % REMEMBERED] = event
    return { topic: 'transactions', event }
  }

  refund(base: Base): InputEvent {
    const random = this.#random
    const paid = this.#any()
    const kind = random()
    const unknown = { ...base, type: 'REFUND', currency: 'GBP', orderId: `o-${base.eventId}`, properties: {} } as const
    if (paid === undefined || kind < 0.1) {
      return { topic: 'transactions', event: { ...unknown, amountMinor: Math.floor(random() * 20_000), lines: [] } }
    }
    const { tenantId, customerId, orderId, currency, amountMinor } = paid
    const about = { ...unknown, tenantId, customerId, orderId, currency }
    const lines = kind < 0.5 ? paid.lines.slice(0, Math.ceil(paid.lines.length / 2)) : []
    return {
      topic: 'transactions',
      event: { ...about, lines, amountMinor: kind < 0.9 ? amountMinor : Math.floor(amountMinor / 2) },
    }
  }

  #any(): Transaction | undefined {
    return this.#paid[Math.floor(this.#random() * this.#paid.length)]
  }

  /** None, a few, or once in a while more than an order may have. */
  #lines(): Line[] {
    const random = this.#random
    if (random() < 0.15) return []
    const isTooLarge = random() < 0.005
    const count = isTooLarge ? TOO_MANY_ITEMS : 1 + Math.floor(random() ** 2 * 8)
    return Array.from({ length: count }, (_, i) => {
      const item = isTooLarge ? 1_000 + i : Math.floor(random() ** 2 * ITEMS)
      return {
        itemId: item === 3 ? 'a/b +%' : `item-${item}`,
        category: item % 7 === 6 ? null : `category ${item % CATEGORIES}`,
        quantity: 1 + Math.floor(random() * 3),
        unitPriceMinor: 100,
      }
    })
  }
}
