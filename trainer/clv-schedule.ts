import type { ClvModel } from '../schemas/clv-model.ts'
import { AppError, messageOf } from '../schemas/errors.ts'

export interface ClvSchedulePorts {
  /** How many customers the population of each tenant has, as far as it is known. */
  readonly populations: () => Iterable<readonly [tenantId: string, customers: number]>
  /** Fits the models of all tenants and publishes them. @returns by tenant; null: too few customers bought again */
  readonly fitModels: (signal: AbortSignal) => Promise<ReadonlyMap<string, ClvModel | null>>
  readonly now: () => number
  readonly log: (message: string, details?: Readonly<Record<string, unknown>>) => void
}

/** A population is worth another look when it has grown by this factor, and never below so many customers. */
const GROWTH = 1.25
const FEWEST_CUSTOMERS = 100
/** Growth is answered so much sooner than the passing of time. */
const SOONER = 24

/** Decides when the models of customer lifetime value are fitted: at the start, every so often, and when tenants grow. */
export class ClvSchedule {
  readonly #ports: ClvSchedulePorts
  readonly #everyMs: number
  #fittedAt = Number.NEGATIVE_INFINITY
  /** By tenant: customers when it was fitted last. */
  #customers: ReadonlyMap<string, number> = new Map()

  constructor(ports: ClvSchedulePorts, everyMs: number) {
    this.#ports = ports
    this.#everyMs = everyMs
  }

  /** Fits if it is time. @throws failures of servers, after which it is tried again; the signal's reason */
  async tick(signal: AbortSignal): Promise<void> {
    const { populations, fitModels, now, log } = this.#ports
    const at = now()
    const customers = new Map(populations())
    if (!this.#isDue(at, customers)) return
    try {
      for (const [tenantId, model] of await fitModels(signal)) {
        if (model === null) log('too few customers bought again for a CLV model', { level: 'debug', tenantId })
        else log('CLV model fitted', { tenantId, version: model.version, fallback: model.fit.fallback })
      }
    } catch (error) {
      signal.throwIfAborted()
      if (error instanceof AppError && error.retryable) throw error
      // Models are learned all the same; the values known so far go on being served.
      log(`CLV models can't be fitted: ${messageOf(error)}`, { level: 'error' })
    }
    this.#fittedAt = at
    this.#customers = customers
  }

  #isDue(at: number, customers: ReadonlyMap<string, number>): boolean {
    const waited = at - this.#fittedAt
    if (waited >= this.#everyMs) return true
    if (waited < this.#everyMs / SOONER) return false
    return [...customers].some(
      ([tenantId, count]) => count >= Math.max(FEWEST_CUSTOMERS, GROWTH * (this.#customers.get(tenantId) ?? 0)),
    )
  }
}
