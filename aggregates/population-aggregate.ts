import type { PopulationDelta } from '../schemas/avro/population-delta.ts'
import { AppError } from '../schemas/errors.ts'
import type { TenantSettings } from '../schemas/settings.ts'
import { parseThresholds, type Thresholds } from '../schemas/thresholds.ts'
import type { AggregateChanges } from './changes.ts'
import { decodeNumbers, encodeNumbers } from './entry-numbers.ts'
import { Population } from './population.ts'
import { decodePopulation, encodePopulation } from './population-codec.ts'
import { nextThresholds } from './population-thresholds.ts'
import { type AggregateClock, SourceTimes } from './source-times.ts'

const DAY_MS = 86_400_000

interface Tenant {
  population: Population
  /** The newest event time of any partition. */
  streamTime: number
  readonly sources: SourceTimes
  published: Thresholds | null
  /** Its entries differ from what was written last. */
  changed: boolean
  /** When thresholds were last looked at with the population as it is; null: not since it changed. */
  settled: { readonly day: number; readonly isQuiet: boolean } | null
}

export interface PopulationAggregatesOptions {
  /** Of the input topics: that many sources. */
  readonly partitions: number
  readonly settings: (tenantId: string) => TenantSettings
}

/**
 * The populations of one aggregate task: deltas in, state entries and thresholds out. Deterministic, as WindowAggregates;
 * nothing is seen outside before the changes of a `flush` are committed.
 *
 * Keys of `aggregate-state`: `<tenantId>/population` (histograms), which is also the key of the deltas,
 * `<tenantId>/population/time` (stream times) and `<tenantId>/population/thresholds` (those sent last, JSON).
 */
export class PopulationAggregates {
  readonly #settings: (tenantId: string) => TenantSettings
  readonly #partitions: number
  readonly #tenants = new Map<string, Tenant>()

  constructor({ settings, partitions }: PopulationAggregatesOptions) {
    this.#settings = settings
    this.#partitions = partitions
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
    else if (part === 'time') {
      const [streamTime = 0, ...sources] = decodeNumbers(value)
      tenant.streamTime = streamTime
      tenant.sources.restore(sources)
    } else if (part === 'thresholds') tenant.published = parseThresholds(JSON.parse(value.toString()))
    else throw new AppError('STATE_UNREADABLE', `aggregate state: key ${key} is of an unknown kind`)
  }

  /** @param writtenAt timestamp of the delta's record */
  add(delta: PopulationDelta, writtenAt: number): void {
    const tenant = this.#tenant(delta.tenantId)
    tenant.population.apply(delta)
    tenant.streamTime = Math.max(tenant.streamTime, delta.streamTime)
    tenant.sources.observe(delta.source, delta.streamTime, writtenAt)
    tenant.changed = true
    tenant.settled = null
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
        changes.entries.push({
          key: `${scope}/time`,
          value: encodeNumbers([tenant.streamTime, ...tenant.sources.toNumbers()]),
        })
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
    const asOf = settings.clock === 'event' ? eventTime(tenant, clock, settings) : clock.now
    const day = Math.floor(asOf / DAY_MS)
    const { bins, minCustomers } = settings.population
    const isQuiet = tenant.sources.isQuiet(clock.readUpTo, settings.windows.idleMs)
    const { settled, published } = tenant
    if (settled?.day === day && settled.isQuiet === isQuiet && published?.bins === bins) return null
    tenant.settled = { day, isQuiet }
    return nextThresholds(tenant.population, published, asOf, { bins, minCustomers, isQuiet })
  }

  #tenant(tenantId: string): Tenant {
    let tenant = this.#tenants.get(tenantId)
    if (tenant === undefined) {
      tenant = {
        population: new Population(),
        streamTime: 0,
        sources: new SourceTimes(this.#partitions),
        published: null,
        changed: false,
        settled: null,
      }
      this.#tenants.set(tenantId, tenant)
    }
    return tenant
  }
}

/**
 * A day has turned when every partition has passed its end: thresholds made as the first one does would miss what the others
 * still read of it, and stand until the next. Before all have spoken, it is the newest time of any.
 */
function eventTime({ sources, streamTime }: Tenant, { readUpTo }: AggregateClock, { windows }: TenantSettings): number {
  const passed = sources.passedBy(readUpTo, windows.idleMs)
  return Number.isFinite(passed) ? Math.min(passed, streamTime) : streamTime
}
