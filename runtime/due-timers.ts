import { customerKey } from '../schemas/partition.ts'
import type { TimersRead } from '../state/state-store.ts'

/** Read ahead for each tenant. */
const READ_TIMERS = 1_000
const READ_TENANTS = 100

export type ReadTimers = (before: ReadonlyMap<string, number>, limit: number) => Promise<Map<string, TimersRead>>

/**
 * Which of a partition's customers to look at because time has passed. What is due stands in the view's index; here is
 * only since when there may be something in it, by tenant, so that timers cost nothing until they are due. An entry of the
 * index means no more than "look at this customer": whether his timer fires, his state says.
 */
export class DueTimers {
  /** Tenant -> a time before which none of its timers is due. */
  readonly #notBefore = new Map<string, number>()
  #keys: string[] = []
  /** The index is being asked. */
  #reading: Promise<void> | null = null
  /** As `#notBefore`, of timers planned since it was asked: it may not have them. */
  #plannedSince = new Map<string, number>()

  /** Nothing is known yet of these tenants' timers. */
  restore(tenants: Iterable<string>): void {
    for (const tenant of tenants) this.#notBefore.set(tenant, 0)
  }

  /** A timer that is in the index, or will be before it is next read. */
  planned(tenantId: string, at: number): void {
    if (at === 0) return
    lower(this.#notBefore, tenantId, at)
    if (this.#reading !== null) lower(this.#plannedSince, tenantId, at)
  }

  /** How long nothing will be due, ms. @param ticks whether a tenant's clock goes on by itself */
  quietMs(clockOf: (tenantId: string) => number, ticks: (tenantId: string) => boolean): number {
    if (this.#keys.length > 0) return 0
    let least = Number.POSITIVE_INFINITY
    for (const [tenant, at] of this.#notBefore) {
      const left = at - clockOf(tenant)
      if (left < 0) return 0
      if (left < least && ticks(tenant)) least = left + 1
    }
    return least
  }

  /** How long the first that is due has waited. */
  overdueMs(clockOf: (tenantId: string) => number): number {
    let most = 0
    for (const [tenant, at] of this.#notBefore) {
      // Right after a takeover it isn't known yet since when.
      if (at > 0) most = Math.max(most, clockOf(tenant) - at)
    }
    return most
  }

  /** Asks the index, if something may be due and nothing that it said is left. Resolves when the answer is there. */
  async readAhead(clockOf: (tenantId: string) => number, read: ReadTimers): Promise<void> {
    if (this.#reading === null && this.#keys.length === 0) {
      const before = this.#mayBeDue(clockOf)
      if (before.size === 0) return
      this.#plannedSince = new Map()
      this.#reading = this.#read(before, read).finally(() => {
        this.#reading = null
      })
    }
    await this.#reading
  }

  /** Keys of customers to look at, at most so many, as far as they are known. */
  take(limit: number): string[] {
    return this.#keys.splice(0, limit)
  }

  /** What was taken and could not be looked at. */
  putBack(keys: readonly string[]): void {
    this.#keys = [...keys, ...this.#keys]
  }

  /** Tenant -> its time, of those of whom a timer may be due. */
  #mayBeDue(clockOf: (tenantId: string) => number): Map<string, number> {
    const before = new Map<string, number>()
    for (const [tenant, at] of this.#notBefore) {
      const clock = clockOf(tenant)
      if (at < clock && before.size < READ_TENANTS) before.set(tenant, clock)
    }
    return before
  }

  async #read(before: ReadonlyMap<string, number>, read: ReadTimers): Promise<void> {
    for (const [tenant, { customerIds, next }] of await read(before, READ_TIMERS)) {
      for (const id of customerIds) this.#keys.push(customerKey(tenant, id))
      const planned = this.#plannedSince.get(tenant)
      if (next === null) this.#notBefore.delete(tenant)
      else this.#notBefore.set(tenant, next)
      if (planned !== undefined) lower(this.#notBefore, tenant, planned)
    }
  }
}

function lower(times: Map<string, number>, tenant: string, at: number): void {
  if (at < (times.get(tenant) ?? Number.POSITIVE_INFINITY)) times.set(tenant, at)
}
