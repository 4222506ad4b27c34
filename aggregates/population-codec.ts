import { AppError } from '../schemas/errors.ts'
import { MAX, putSigned, putString, putVarint, Reader } from '../schemas/state-bytes.ts'
import type { Histogram } from './histogram.ts'
import { Population } from './population.ts'

/*
 * Format 1: the histograms recency, frequency, totals; how many currencies, and of each in the order of their codes the code
 * and its histogram. A histogram is the number of its buckets, and of each, in ascending order, the distance from the one
 * before (from 0 for the first) and the count. Numbers are LEB128 varints, zigzag where they may be negative.
 */
const FORMAT = 1
/** Five bytes hold a distance, eight a count. */
const BYTES_A_BUCKET = 13
/** A number of buckets, and the code of a currency. */
const BYTES_A_HISTOGRAM = 64

/** The same population always gives the same bytes. */
export function encodePopulation(population: Population): Buffer {
  const currencies = [...population.monetary].sort(([a], [b]) => (a < b ? -1 : 1))
  const histograms = [population.recency, population.frequency, population.totals]
  const all = [...histograms, ...currencies.map(([, histogram]) => histogram)]
  const buckets = all.reduce((sum, histogram) => sum + histogram.buckets, 0)
  const bytes = Buffer.allocUnsafe((all.length + 1) * BYTES_A_HISTOGRAM + buckets * BYTES_A_BUCKET)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  let at = putVarint(view, 0, FORMAT)
  for (const histogram of histograms) at = putHistogram(view, at, histogram)
  at = putVarint(view, at, currencies.length)
  for (const [currency, histogram] of currencies) {
    at = putString(view, at, currency)
    at = putHistogram(view, at, histogram)
  }
  return bytes.subarray(0, at)
}

/** @throws AppError STATE_UNREADABLE for bytes of another format, or that end early or go on */
export function decodePopulation(bytes: Buffer): Population {
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
  reader.end()
  return population
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
