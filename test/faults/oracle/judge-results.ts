import { Population } from '../../../aggregates/population.ts'
import { encodePopulation } from '../../../aggregates/population-codec.ts'
import type { CrossSell } from '../../../schemas/avro/cross-sell.ts'
import type { Nps } from '../../../schemas/avro/nps.ts'
import type { PopulationDelta } from '../../../schemas/avro/population-delta.ts'
import type { Thresholds } from '../../../schemas/thresholds.ts'
import { checkCrossSell, checkNps, type Result } from './check-windows.ts'
import type { WindowCounts } from './counted-windows.ts'
import type { LogRecord } from './evidence.ts'
import type { Report } from './findings.ts'
import type { SchemaBook } from './schema-book.ts'
import type { SettingsBook } from './settings-book.ts'

/** A record of any partition of a topic. */
export interface PlacedRecord extends LogRecord {
  readonly partition: number
}

/** What aggregate tasks have left, of all partitions. */
export interface ResultEvidence {
  readonly nps: readonly PlacedRecord[]
  readonly crossSell: readonly PlacedRecord[]
  readonly aggregateState: readonly PlacedRecord[]
  readonly thresholds: readonly LogRecord[]
  readonly populationDeltas: readonly LogRecord[]
  /** What Redis holds of results, by the key that they have in their topic. */
  readonly view: ReadonlyMap<string, Buffer>
}

export interface ResultReference {
  readonly schemas: SchemaBook
  readonly settings: SettingsBook
}

/** Judges windows and populations once all deltas are counted and all windows closed. */
export function judgeResults(
  evidence: ResultEvidence,
  counts: WindowCounts,
  { schemas, settings }: ResultReference,
  report: Report,
): void {
  const decode = <T>(record: PlacedRecord): Result<T> => ({
    key: String(record.key),
    partition: record.partition,
    value: record.value === null ? null : schemas.decodeResult<T>(record),
  })
  checkNps(evidence.nps.map(decode<Nps>), counts, settings, report)
  checkCrossSell(evidence.crossSell.map(decode<CrossSell>), counts, report)
  checkView(evidence, report)
  const deltas = evidence.populationDeltas.map((record) => schemas.decodeResult<PopulationDelta>(record))
  checkPopulations(deltas, newestOf(evidence.aggregateState), report)
  checkThresholds(evidence.thresholds, report)
}

/** Redis holds the newest value of each result, byte for byte, and nothing else. */
function checkView({ nps, crossSell, view }: ResultEvidence, report: Report): void {
  const newest = newestOf([...nps, ...crossSell])
  for (const key of new Set([...newest.keys(), ...view.keys()])) {
    const wanted = newest.get(key)
    const found = view.get(key)
    const same = wanted === undefined || found === undefined ? wanted === found : wanted.equals(found)
    if (!same) report('different', `the result ${key} is not its newest record`)
  }
}

/** Every delta is in the stored population, once. */
function checkPopulations(
  deltas: readonly PopulationDelta[],
  state: ReadonlyMap<string, Buffer>,
  report: Report,
): void {
  for (const [tenantId, mine] of Map.groupBy(deltas, (delta) => delta.tenantId)) {
    const population = new Population()
    for (const delta of mine) population.apply(delta)
    if (state.get(`${tenantId}/population`)?.equals(encodePopulation(population)) !== true) {
      report('wrongPopulations', `the stored population of ${tenantId} is not what its deltas add up to`)
    }
  }
}

/** Versions count up, none is there twice and none is missing. */
function checkThresholds(records: readonly LogRecord[], report: Report): void {
  for (const [tenant, mine] of Map.groupBy(records, ({ key }) => String(key))) {
    for (const [i, { value }] of mine.entries()) {
      const { version } = JSON.parse(String(value)) as Thresholds
      if (version !== i + 1) report('wrongPopulations', `thresholds ${version} of ${tenant} come after ${i} others`)
    }
  }
}

function newestOf(records: readonly LogRecord[]): Map<string, Buffer> {
  const newest = new Map<string, Buffer>()
  for (const { key, value } of records) {
    if (value === null) newest.delete(String(key))
    else newest.set(String(key), value)
  }
  return newest
}
