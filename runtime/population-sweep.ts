import type { CustomersPage } from '../state/state-store.ts'

/** Customers of one page: what a batch spends on the sweep is bounded by it. */
const PAGE = 500

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
      }
    }
    return this.#waiting.length > 0
  }

  /** The next customers, as the view has them; to be called while it is pending. */
  async next(): Promise<CustomersPage['customers']> {
    const tenant = this.#waiting[0]!
    if (this.#cursor === '0') this.#version = this.#options.versionOf(tenant)
    const { cursor, customers } = await this.#options.scan(tenant, this.#cursor, PAGE)
    this.#cursor = cursor
    if (cursor === '0') {
      this.#swept.set(tenant, this.#version)
      this.#waiting.shift()
    }
    return customers
  }
}
