import { TaskAggregates } from '../../../aggregates/task-aggregates.ts'
import { BasketChanges } from '../../../processors/basket-changes.ts'
import type { BasketChange, NpsChange } from '../../../processors/event-context.ts'
import { NpsChanges } from '../../../processors/nps-changes.ts'
import type { PopulationDelta } from '../../../schemas/avro/population-delta.ts'
import type { DeltaInput } from '../../../schemas/deltas.ts'
import { DEFAULT_SETTINGS, type TenantSettings } from '../../../schemas/settings.ts'
import { toTheEnd } from '../../aggregates/aggregate-bench.ts'
import { encodeCrossSell, encodeNps } from './evidence-codecs.ts'
import type { PlacedRecord, ResultEvidence } from './judge-results.ts'

/** In the order in which a unit of work of the only partition sent them. */
export type Unit = readonly DeltaInput[]

/** What one event adds to windows and populations. */
export function unitOf(
  tenantId: string,
  changes: { readonly nps: readonly NpsChange[]; readonly baskets: readonly BasketChange[] },
  population: PopulationDelta | null,
  streamTime: number,
): Unit {
  const answers = new NpsChanges()
  for (const change of changes.nps) answers.add(change)
  const unit: DeltaInput[] = answers
    .parts()
    .map((windows) => ({ topic: 'nps-deltas', event: { tenantId, source: 0, streamTime, windows } }))
  for (const level of ['item', 'category'] as const) {
    const baskets = new BasketChanges()
    for (const change of changes.baskets) if (change.level === level) baskets.add(change)
    for (const part of baskets.parts()) {
      unit.push({ topic: 'basket-deltas', event: { tenantId, level, source: 0, streamTime, ...part } })
    }
  }
  if (population !== null) unit.push({ topic: 'population-deltas', event: population })
  return unit
}

/** What the product's own aggregates, in memory, leave after these units once all windows have closed. */
export function makeResults(
  units: readonly Unit[],
  settings: ReadonlyMap<string, TenantSettings>,
  now: number,
): Omit<ResultEvidence, 'populationDeltas'> {
  const aggregates = new TaskAggregates({ partitions: 1, settings: (id) => settings.get(id) ?? DEFAULT_SETTINGS })
  const logs = { nps: [], 'cross-sell': [], thresholds: [], state: [] } as Record<string, PlacedRecord[]>
  const push = (log: string, key: string, value: Buffer | null): void => {
    const to = logs[log]!
    to.push({ partition: 0, offset: to.length, timestamp: now, key: Buffer.from(key), value, headers: new Map() })
  }
  const flush = (readUpTo: number): void => {
    const { entries, results } = toTheEnd(aggregates.flush({ now: readUpTo, readUpTo }, Number.POSITIVE_INFINITY))
    for (const { key, value } of entries) push('state', key, value)
    for (const { topic, key, value } of results) {
      if (value === null) push(topic, key, null)
      else if (topic === 'nps') push(topic, key, encodeNps(value))
      else if (topic === 'cross-sell') push(topic, key, encodeCrossSell(value))
      else push(topic, key, Buffer.from(JSON.stringify(value)))
    }
  }
  for (const [i, unit] of units.entries()) {
    for (const delta of unit) toTheEnd(aggregates.add(delta, now))
    if (i % 100 === 99) flush(now + i)
  }
  // Long enough for every source to be idle and every window to have ended; results have an interval.
  for (const days of [40, 41, 42]) flush(now + days * 86_400_000)
  const { nps = [], 'cross-sell': crossSell = [], thresholds = [], state: aggregateState = [] } = logs
  const view = new Map<string, Buffer>()
  for (const { key, value } of [...nps, ...crossSell]) {
    if (value === null) view.delete(String(key))
    else view.set(String(key), value)
  }
  return { nps, crossSell, thresholds, aggregateState, view }
}
