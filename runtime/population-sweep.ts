import type { CustomersPage } from '../state/state-store.ts'

/** Most customers of one page: what a batch spends on the sweep is bounded by it. */
export const LARGEST_PAGE = 500

/** How far the customers of one tenant have been gone through. */
export interface SweepProgress {
  readonly tenantId: string
  readonly looked: number
  /** null: not begun. */
  readonly of: number | null
}

export interface PopulationSweepOptions {
  /** Of this partition. */
  readonly tenants: () => Iterable<string>
  /** Of the thresholds and models in force, 0 for none. */
  readonly versionOf: (tenantId: string) => number | string
  /** Counts up whenever any of them change. */
  readonly revision: () => number
  readonly scan: (tenantId: string, cursor: string, count: number) => Promise<CustomersPage>
}

/**
 * Goes through all customers of each tenant whose thresholds or models have changed, page after page, beside the events. A takeover
 * begins anew: who has been judged by these doesn't move again. Customers that appear meanwhile, or whose
 * events come, are judged by their events.
 */
export class PopulationSweep {
  readonly #options: PopulationSweepOptions
  /** By tenant, the version by which all customers have been judged. */
  readonly #swept = new Map<string, number | string>()
  #revision = Number.NaN
  #waiting: string[] = []
  #cursor = '0'
  #version: number | string = 0
  #looked = 0
  #total: number | null = null

  constructor(options: PopulationSweepOptions) {
    this.#options = options
  }

  /** Whether there are customers left to go through. */
  get isPending(): boolean {
    const { revision, tenants, versionOf } = this.#options
    if (revision() !== this.#revision) {
      this.#revision = revision()
      const due = [...tenants()].filter((tenant) => versionOf(tenant) !== (this.#swept.get(tenant) ?? 0))
      const [current] = this.#waiting
      // The one under way stays first; with newer thresholds it begins again.
      if (current !== undefined && due.includes(current) && versionOf(current) === this.#version) {
        this.#waiting = [current, ...due.filter((tenant) => tenant !== current)]
      } else {
        this.#waiting = due
        this.#cursor = '0'
        this.#total = null
      }
    }
    return this.#waiting.length > 0
  }

  /** Of the tenants that aren't done; the first is under way. */
  get progress(): SweepProgress[] {
    return this.#waiting.map((tenantId, i) =>
      i === 0 ? { tenantId, looked: this.#looked, of: this.#total } : { tenantId, looked: 0, of: null },
    )
  }

  /** The next customers, as the view has them; to be called while it is pending. @param count about so many */
  async next(count = LARGEST_PAGE): Promise<CustomersPage['customers']> {
    const tenant = this.#waiting[0]!
    if (this.#cursor === '0') {
      this.#version = this.#options.versionOf(tenant)
      this.#looked = 0
    }
    const { cursor, customers, total } = await this.#options.scan(tenant, this.#cursor, count)
    this.#cursor = cursor
    this.#looked += customers.length
    this.#total = total
    if (cursor === '0') {
      this.#swept.set(tenant, this.#version)
      this.#waiting.shift()
      this.#looked = 0
      this.#total = null
    }
    return customers
  }
}
