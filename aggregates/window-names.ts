/** The items (or categories) of one window as small numbers, for as long as something counts them. */
export class WindowNames {
  readonly #ids = new Map<string, number>()
  readonly #texts: (string | null)[] = []
  readonly #keys: (string | undefined)[] = []
  readonly #holders: number[] = []
  readonly #free: number[] = []
  readonly #changed: (id: number) => void

  /** @param changed is told of an id that names something else than before, or nothing */
  constructor(changed: (id: number) => void) {
    this.#changed = changed
  }

  /** @returns -1 when nothing counts it */
  find(text: string): number {
    return this.#ids.get(text) ?? -1
  }

  /** Its id, held once more until `release`. */
  hold(text: string): number {
    let id = this.find(text)
    if (id < 0) {
      id = this.#free.pop() ?? this.#texts.length
      this.#set(id, text)
      this.#holders[id] = 0
      this.#changed(id)
    }
    this.#holders[id]!++
    return id
  }

  retain(id: number): void {
    this.#holders[id]!++
  }

  release(id: number): void {
    if (--this.#holders[id]! > 0) return
    this.#ids.delete(this.#texts[id]!)
    this.#texts[id] = null
    this.#free.push(id)
    this.#changed(id)
  }

  /** Null: the id is free. */
  textOf(id: number): string | null {
    return this.#texts[id] ?? null
  }

  /** Percent-encoded, as in keys. */
  keyOf(id: number): string {
    this.#keys[id] ??= encodeURIComponent(this.#texts[id]!)
    return this.#keys[id]
  }

  /** Puts back what was stored, in the order in which it was stored; then `retain` for all that count it, then `settle`. */
  restore(id: number, text: string | null): void {
    while (this.#texts.length <= id) {
      this.#texts.push(null)
      this.#holders.push(0)
    }
    const before = this.#texts[id]
    if (before !== null && before !== undefined && this.#ids.get(before) === id) this.#ids.delete(before)
    if (text === null) this.#texts[id] = null
    else this.#set(id, text)
  }

  settle(): void {
    this.#free.length = 0
    for (let id = this.#texts.length - 1; id >= 0; id--) if (this.#texts[id] === null) this.#free.push(id)
  }

  #set(id: number, text: string): void {
    this.#ids.set(text, id)
    this.#texts[id] = text
    this.#keys[id] = undefined
  }
}
