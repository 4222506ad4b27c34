import { AppError } from '../schemas/errors.ts'
import { MAX, putSigned, putString, putVarint, Reader } from '../schemas/state-bytes.ts'
import { parseThresholds, type Thresholds } from '../schemas/thresholds.ts'
import type { Histogram } from './histogram.ts'
import { Population } from './population.ts'

/** What the aggregate task keeps of a tenant's population: an entry of `aggregate-state`. */
export interface PopulationState {
  readonly population: Population
  /** The thresholds that were sent last; null: none yet. */
  readonly published: Thresholds | null
}

/*
 * Format 1: the histograms recency, frequency, totals; how many currencies, and of each in the order of their codes the code
 * and its histogram; the thresholds as JSON, empty for none. A histogram is the number of its buckets, and of each, in
 * ascending order, the distance from the one before (from 0 for the first) and the count. Numbers are zigzag LEB128 varints.
 */
const FORMAT = 1
/** Five bytes hold a distance, eight a count. */
const BYTES_A_BUCKET = 13

/** The same population always gives the same bytes. */
export function encodePopulation({ population, published }: PopulationState): Buffer {
  const currencies = [...population.monetary].sort(([a], [b]) => (a < b ? -1 : 1))
  const histograms = [population.recency, population.frequency, population.totals]
  const json = published === null ? '' : JSON.stringify(published)
  const buckets = [...histograms, ...currencies.map(([, histogram]) => histogram)].map((each) => each.entries().length)
  const bytes = Buffer.allocUnsafe(
    64 + buckets.reduce((sum, each) => sum + each * BYTES_A_BUCKET, 0) + currencies.length * 64 + json.length * 3,
  )
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  let at = putVarint(view, 0, FORMAT)
  for (const histogram of histograms) at = putHistogram(view, at, histogram)
  at = putVarint(view, at, currencies.length)
  for (const [currency, histogram] of currencies) {
    at = putString(view, at, currency)
    at = putHistogram(view, at, histogram)
  }
  return bytes.subarray(0, putString(view, at, json))
}

/** @throws AppError STATE_UNREADABLE for bytes of another format, or that end early or go on */
export function decodePopulation(bytes: Buffer): PopulationState {
  const reader = new Reader(bytes, 0)
  const format = reader.varint(MAX)
  if (format !== FORMAT) throw new AppError('STATE_UNREADABLE', `population: format ${format} is not known`)
  const population = new Population()
  readHistogram(reader, population.recency)
  readHistogram(reader, population.frequency)
  readHistogram(reader, population.totals)
  for (let left = reader.varint(bytes.length); left > 0; left--) {
    readHistogram(reader, population.monetaryIn(reader.string()))
  }
  const json = reader.string()
  reader.end()
  return { population, published: json === '' ? null : parseThresholds(JSON.parse(json)) }
}

function putHistogram(view: DataView, at: number, histogram: Histogram): number {
  const entries = histogram.entries()
  at = putVarint(view, at, entries.length)
  let before = 0
  for (const [bucket, count] of entries) {
    at = putSigned(view, at, bucket - before)
    at = putSigned(view, at, count)
    before = bucket
  }
  return at
}

function readHistogram(reader: Reader, into: Histogram): void {
  let bucket = 0
  for (let left = reader.varint(reader.length); left > 0; left--) {
    bucket += reader.signed()
    into.add(bucket, reader.signed())
  }
}
