import type { BasketDelta } from '../schemas/avro/basket-delta.ts'
import type { BasketChange } from './event-context.ts'

type Part = Pick<BasketDelta, 'windows' | 'names' | 'baskets'>

/** Lines of one record: with the longest names 260 bytes each, below the 8 MiB that the topic takes. */
const LINES_A_PART = 10_000

/** The orders of a batch, of one tenant and level; names and windows are written once a record. */
export class BasketChanges {
  readonly #changes: BasketChange[] = []

  /** @returns how many lines it has */
  add(change: BasketChange): number {
    this.#changes.push(change)
    return change.names.length
  }

  /** The contents of one delta or several. */
  parts(): Part[] {
    const parts: Part[] = []
    let names = new Positions<string>()
    let windows = new Positions<string>()
    let lines = 0
    for (const change of this.#changes) {
      if (parts.length === 0 || lines + change.names.length > LINES_A_PART) {
        parts.push({ windows: [], names: [], baskets: [] })
        names = new Positions()
        windows = new Positions()
        lines = 0
      }
      const part = parts.at(-1)!
      part.baskets.push({
        orders: change.orders,
        windows: change.windows.map(({ start, end }) =>
          windows.of(`${start}/${end}`, () => part.windows.push({ start, end })),
        ),
        names: change.names.map((name) => names.of(name, () => part.names.push(name))),
      })
      lines += change.names.length
    }
    return parts
  }
}

/** Positions in a list without repetition. */
class Positions<T> {
  readonly #positions = new Map<T, number>()

  /** @param append puts what isn't in the list yet at its end */
  of(key: T, append: () => void): number {
    const known = this.#positions.get(key)
    if (known !== undefined) return known
    append()
    this.#positions.set(key, this.#positions.size)
    return this.#positions.size - 1
  }
}
