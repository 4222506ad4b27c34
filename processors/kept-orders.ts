import { putBytes, putInt32, putString, putVarint, Reader, viewOf } from '../schemas/state-bytes.ts'

export interface KeptLine {
  readonly itemId: string
  readonly category: string | null
  readonly quantity: number
}

/** An order that a refund may take back. */
export interface KeptOrder {
  readonly id: string
  /** Event time of its first purchase: what its windows are by. */
  readonly at: number
  /** windowsVersion when it was counted. */
  readonly version: number
  readonly currency: string
  /** Paid and not refunded yet. */
  readonly amountMinor: number
  /** One an item. */
  readonly lines: readonly KeptLine[]
}

const MAX = Number.MAX_SAFE_INTEGER
const BYTES_A_CHARACTER = 3

/** The orders that a state keeps, oldest first; only the one that is looked for is decoded. */
export class KeptOrders {
  readonly #orders: { id: string; bytes: Buffer }[] = []

  /** @param bytes the state's; @throws AppError STATE_UNREADABLE */
  constructor(bytes: Buffer) {
    const reader = new Reader(bytes, 0)
    while (!reader.isAtEnd) this.#orders.push({ id: reader.string(), bytes: reader.bytes() })
  }

  find(id: string): KeptOrder | undefined {
    const found = this.#orders.find((order) => order.id === id)
    return found === undefined ? undefined : decodeOrder(id, found.bytes)
  }

  delete(id: string): void {
    const at = this.#orders.findIndex((order) => order.id === id)
    if (at >= 0) this.#orders.splice(at, 1)
  }

  /** Puts an order in the place that one with its id had, or behind the others. */
  put(order: KeptOrder): void {
    const at = this.#orders.findIndex(({ id }) => id === order.id)
    const entry = { id: order.id, bytes: encodeOrder(order) }
    if (at >= 0) this.#orders[at] = entry
    else this.#orders.push(entry)
  }

  /** The newest that fit. */
  toBytes(maxOrders: number, maxBytes: number): Buffer {
    const parts: Buffer[] = []
    let left = maxBytes
    for (let i = this.#orders.length - 1; i >= 0 && parts.length < maxOrders; i--) {
      const part = withId(this.#orders[i]!)
      left -= part.length
      if (left < 0) break
      parts.unshift(part)
    }
    return Buffer.concat(parts)
  }
}

function withId({ id, bytes }: { id: string; bytes: Buffer }): Buffer {
  const into = Buffer.allocUnsafe(20 + BYTES_A_CHARACTER * id.length + bytes.length)
  const view = viewOf(into)
  return into.subarray(0, putBytes(view, putString(view, 0, id), bytes))
}

/** Time, version, currency, amount, number of lines; item, quantity, 1 and the category or 0 of each. */
function encodeOrder({ at, version, currency, amountMinor, lines }: KeptOrder): Buffer {
  let size = 40 + BYTES_A_CHARACTER * currency.length
  for (const { itemId, category } of lines) size += 24 + BYTES_A_CHARACTER * (itemId.length + (category?.length ?? 0))
  const into = Buffer.allocUnsafe(size)
  const view = viewOf(into)
  let end = putVarint(view, 0, at)
  end = putInt32(view, end, version)
  end = putString(view, end, currency)
  end = putVarint(view, end, amountMinor)
  end = putVarint(view, end, lines.length)
  for (const { itemId, category, quantity } of lines) {
    end = putString(view, end, itemId)
    end = putVarint(view, end, quantity)
    end = putVarint(view, end, category === null ? 0 : 1)
    if (category !== null) end = putString(view, end, category)
  }
  return into.subarray(0, end)
}

function decodeOrder(id: string, bytes: Buffer): KeptOrder {
  const reader = new Reader(bytes, 0)
  return {
    id,
    at: reader.varint(MAX),
    version: reader.int32(),
    currency: reader.string(),
    amountMinor: reader.varint(MAX),
    lines: reader.list(reader.varint(bytes.length), () => ({
      itemId: reader.string(),
      quantity: reader.varint(MAX),
      category: reader.varint(1) === 0 ? null : reader.string(),
    })),
  }
}
