const REMEMBERED = 32

/** When each event id was among the last 32 of its customer, in offsets of `customers`. */
export class RememberedIds {
  readonly #rings = new Map<string, string[]>()
  readonly #spans = new Map<string, { readonly from: number; to: number }[]>()

  isRemembered(key: string, eventId: string): boolean {
    return this.#rings.get(key)?.includes(eventId) ?? false
  }

  /** The record at `offset` scored this event. */
  add(key: string, eventId: string, offset: number): void {
    const ring = this.#rings.get(key) ?? []
    this.#rings.set(key, ring)
    ring.push(eventId)
    const spans = this.#spans.get(`${key} ${eventId}`) ?? []
    this.#spans.set(`${key} ${eventId}`, spans)
    spans.push({ from: offset, to: Number.POSITIVE_INFINITY })
    if (ring.length > REMEMBERED) this.#end(key, ring.shift()!, offset)
  }

  /** The record at `offset` erased the customer. */
  forget(key: string, offset: number): void {
    for (const eventId of this.#rings.get(key) ?? []) this.#end(key, eventId, offset)
    this.#rings.delete(key)
  }

  /** Whether the id was remembered at any moment after one record and before another. */
  wasRemembered(key: string, eventId: string, after: number, before: number): boolean {
    const spans = this.#spans.get(`${key} ${eventId}`) ?? []
    return spans.some(({ from, to }) => Math.max(from, after) < Math.min(to, before))
  }

  #end(key: string, eventId: string, offset: number): void {
    const open = this.#spans.get(`${key} ${eventId}`)?.find(({ to }) => to === Number.POSITIVE_INFINITY)
    if (open) open.to = offset
  }
}
