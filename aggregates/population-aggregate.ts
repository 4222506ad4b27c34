import type { PopulationDelta } from '../schemas/avro/population-delta.ts'
import { AppError } from '../schemas/errors.ts'
import type { TenantSettings } from '../schemas/settings.ts'
import { parseThresholds, type Thresholds } from '../schemas/thresholds.ts'
import type { AggregateChanges } from './changes.ts'
import { decodeNumbers, encodeNumbers } from './entry-numbers.ts'
import { Population } from './population.ts'
import { decodePopulation, encodePopulation } from './population-codec.ts'
import { nextThresholds } from './population-thresholds.ts'
import type { AggregateClock } from './source-times.ts'

const DAY_MS = 86_400_000

interface Tenant {
  population: Population
  /** The newest event time of any partition. */
  streamTime: number
  published: Thresholds | null
  /** Its entries differ from what was written last. */
  changed: boolean
  /** The day on which thresholds were last looked at with the population as it is; NaN: not since it changed. */
  settledOn: number
}

/**
 * The populations of one aggregate task: deltas in, state entries and thresholds out. Deterministic, as WindowAggregates;
 * nothing is seen outside before the changes of a `flush` are committed.
 *
 * Keys of `aggregate-state`: `<tenantId>/population` (histograms), which is also the key of the deltas,
 * `<tenantId>/population/time` (stream time) and `<tenantId>/population/thresholds` (those sent last, JSON).
 */
export class PopulationAggregates {
  readonly #settings: (tenantId: string) => TenantSettings
  readonly #tenants = new Map<string, Tenant>()

  constructor(options: { readonly settings: (tenantId: string) => TenantSettings }) {
    this.#settings = options.settings
  }

  /** Whether a key of `aggregate-state` is of this kind. */
  static owns(key: string): boolean {
    return /^[^/]+\/population(?:\/|$)/.test(key)
  }

  /**
   * Takes a live entry of `aggregate-state`; all of them before the first delta, in any order.
   * @throws AppError STATE_UNREADABLE
   */
  restore(key: string, value: Buffer): void {
    const [tenantId = '', , part] = key.split('/')
    const tenant = this.#tenant(tenantId)
    if (part === undefined) tenant.population = decodePopulation(value)
    else if (part === 'time') tenant.streamTime = decodeNumbers(value)[0] ?? 0
    else if (part === 'thresholds') tenant.published = parseThresholds(JSON.parse(value.toString()))
    else throw new AppError('STATE_UNREADABLE', `aggregate state: key ${key} is of an unknown kind`)
  }

  add(delta: PopulationDelta): void {
    const tenant = this.#tenant(delta.tenantId)
    tenant.population.apply(delta)
    tenant.streamTime = Math.max(tenant.streamTime, delta.streamTime)
    tenant.changed = true
    tenant.settledOn = Number.NaN
  }

  /**
   * What is to be written now: the entries that changed, and thresholds that are due. To be called after each batch of
   * deltas, and from time to time without any: the day turns by the clock alone.
   */
  flush(clock: AggregateClock, changes: AggregateChanges): void {
    for (const [tenantId, tenant] of this.#tenants) {
      const scope = `${tenantId}/population`
      if (tenant.changed) {
        changes.entries.push({ key: scope, value: encodePopulation(tenant.population) })
        changes.entries.push({ key: `${scope}/time`, value: encodeNumbers([tenant.streamTime]) })
        tenant.changed = false
      }
      const thresholds = this.#due(tenantId, tenant, clock)
      if (thresholds === null) continue
      tenant.published = thresholds
      changes.entries.push({ key: `${scope}/thresholds`, value: Buffer.from(JSON.stringify(thresholds)) })
      changes.results.push({ topic: 'thresholds', key: tenantId, value: thresholds })
    }
  }

  #due(tenantId: string, tenant: Tenant, clock: AggregateClock): Thresholds | null {
    const settings = this.#settings(tenantId)
    const asOf = settings.clock === 'event' ? tenant.streamTime : clock.now
    const day = Math.floor(asOf / DAY_MS)
    const { bins, minCustomers } = settings.population
    if (tenant.settledOn === day && tenant.published?.bins === bins) return null
    tenant.settledOn = day
    return nextThresholds(tenant.population, tenant.published, asOf, { bins, minCustomers })
  }

  #tenant(tenantId: string): Tenant {
    let tenant = this.#tenants.get(tenantId)
    if (tenant === undefined) {
      tenant = {
        population: new Population(),
        streamTime: 0,
        published: null,
        changed: false,
        settledOn: Number.NaN,
      }
      this.#tenants.set(tenantId, tenant)
    }
    return tenant
  }
}
