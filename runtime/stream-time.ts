import { NEVER } from '../schemas/customer-state.ts'

interface StreamMark {
  readonly times: Map<string, number>
  readonly moved: Map<string, number>
}

/**
 * Stream time of a partition, by tenant: the newest event time among the tenant's events that were scored here. It moves
 * with the unit of work: it is written with the position of the view, and a takeover finds it there or makes it again
 * from the states in the changelog. Refused and repeated events don't move it; erasing a customer doesn't take it back,
 * except that a view rebuilt from the changelog can't know of customers that aren't in it any more.
 */
export class StreamTimes {
  #times = new Map<string, number>()
  #moved = new Map<string, number>()

  get all(): ReadonlyMap<string, number> {
    return this.#times
  }

  /** Goes on from what a position holds. */
  restore(times: ReadonlyMap<string, number>): void {
    for (const [tenantId, at] of times) this.#times.set(tenantId, at)
  }

  /** Epoch ms; NEVER before the tenant's first event. */
  of(tenantId: string): number {
    return this.#times.get(tenantId) ?? NEVER
  }

  observe(tenantId: string, at: number): void {
    if (at <= this.of(tenantId)) return
    this.#times.set(tenantId, at)
    this.#moved.set(tenantId, at)
  }

  mark(): StreamMark {
    return { times: new Map(this.#times), moved: new Map(this.#moved) }
  }

  /** As if nothing had been observed since the mark, which can be used once. */
  backTo({ times, moved }: StreamMark): void {
    this.#times = times
    this.#moved = moved
  }

  /** What moved since it was last asked: what the next position has to say. */
  takeMoved(): ReadonlyMap<string, number> {
    const moved = this.#moved
    this.#moved = new Map()
    return moved
  }
}
