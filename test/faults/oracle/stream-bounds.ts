import type { Customer } from '../../../schemas/avro/customer.ts'
import type { LogRecord } from './evidence.ts'
import type { Input } from './fates.ts'

/** A record of `customers`, null value: a tombstone. */
export interface Entry {
  readonly record: LogRecord
  readonly customer: Customer | null
  /** What it came of, if it is an input record. */
  readonly input: Input | undefined
}

/** The stream time of the record's tenant when it was made lay between these; -Infinity: no time has passed. */
export interface Bounds {
  readonly from: number
  readonly to: number
}

const NONE = Number.NEGATIVE_INFINITY

/**
 * The stream time is the newest event time of the tenant that was scored in the partition. Units of work are told apart by
 * the header `inputs` of their last record; within one only the order of each topic and of each customer is known.
 */
export function streamBounds(entries: readonly Entry[]): Map<LogRecord, Bounds> {
  const bounds = new Map<LogRecord, Bounds>()
  const known = new Map<string, number>()
  for (const unit of unitsOf(entries)) {
    const newest = new Map<string, number>()
    for (const { customer } of unit) if (isEvent(customer)) raise(newest, customer.tenantId, customer.occurredAt)
    const ofTopics = earlierOf(unit.toSorted(byOrigin), ({ input }) => input?.origin.split('/')[0] ?? '')
    const ofCustomers = earlierOf(unit, ({ record }) => String(record.key))
    for (const { record, customer } of unit) {
      if (customer === null) continue
      const before = known.get(customer.tenantId) ?? NONE
      bounds.set(record, {
        from: Math.max(before, ofTopics.get(record)!, ofCustomers.get(record)!),
        to: Math.max(before, newest.get(customer.tenantId) ?? NONE),
      })
    }
    // A view that is built anew doesn't know of who was erased in the same unit.
    const erased = new Set(unit.flatMap(({ record, customer }) => (customer === null ? [String(record.key)] : [])))
    for (const { record, customer } of unit) {
      if (isEvent(customer) && !erased.has(String(record.key))) raise(known, customer.tenantId, customer.occurredAt)
    }
  }
  return bounds
}

function isEvent(customer: Customer | null): customer is Customer {
  return customer !== null && customer.cause === 'event'
}

function unitsOf(entries: readonly Entry[]): Entry[][] {
  const units: Entry[][] = [[]]
  for (const entry of entries) {
    units.at(-1)!.push(entry)
    if (entry.record.headers.has('inputs')) units.push([])
  }
  return units
}

/** For each record the newest event time of the same tenant among those before it in its chain. */
function earlierOf(entries: readonly Entry[], chainOf: (entry: Entry) => string): Map<LogRecord, number> {
  const reached = new Map<string, number>()
  const earlier = new Map<LogRecord, number>()
  for (const entry of entries) {
    const { record, customer } = entry
    const chain = `${customer?.tenantId} ${chainOf(entry)}`
    earlier.set(record, reached.get(chain) ?? NONE)
    if (isEvent(customer)) raise(reached, chain, customer.occurredAt)
  }
  return earlier
}

/** Those of other causes have no place in a topic: they come first. */
function byOrigin(a: Entry, b: Entry): number {
  return offsetOf(a) - offsetOf(b)
}

function offsetOf({ record }: Entry): number {
  return Number(record.headers.get('offset') ?? -1)
}

function raise(times: Map<string, number>, name: string, at: number): void {
  times.set(name, Math.max(times.get(name) ?? NONE, at))
}
