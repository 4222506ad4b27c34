import { PopulationMoves } from '../../../processors/population-moves.ts'
import type { PopulationDelta } from '../../../schemas/avro/population-delta.ts'
import type { CustomerState } from '../../../schemas/customer-state.ts'
import type { InputEvent } from '../../../schemas/events.ts'
import { customerKey } from '../../../schemas/partition.ts'
import { parseSettings, type TenantSettings } from '../../../schemas/settings.ts'
import { decodeState } from '../../../schemas/state-codec.ts'
import { INPUT_TOPICS, type InputTopic } from '../../../schemas/topics.ts'
import { createDriver, type Driver } from '../../driver.ts'
import { makeResults, type Unit, unitOf } from './build-results.ts'
import type { LogRecord } from './evidence.ts'
import { decodeCustomer, encodeChange, encodeCustomer, encodeDelta, encodeInput } from './evidence-codecs.ts'
import type { ResultEvidence } from './judge-results.ts'
import type { Published } from './make-reference.ts'
import type { Evidence } from './spoilable-evidence.ts'

/** A record for an input topic: an event, the erasure of a customer (by key), or bytes that are bad in themselves. */
export type Sent =
  | InputEvent
  | { readonly topic: 'profiles'; readonly erase: string }
  | { readonly topic: InputTopic; readonly bytes: Buffer; readonly reason: string }

const NOW = Date.UTC(2026, 0, 2)
/** Timers by the clock on the wall have fired up to then. */
const UP_TO = NOW - 60_000
/** What a run without a fault leaves in the only partition: the product's own pipeline, in memory. */
export function makeEvidence(sent: readonly Sent[], published: Published = {}): Evidence {
  return makeRun(sent, published).evidence
}

/** As makeEvidence, and what aggregate tasks leave of the units of work. */
export function makeRun(
  sent: readonly Sent[],
  { settings = {}, thresholds = null }: Published = {},
): {
  evidence: Evidence
  units: Unit[]
  results: ResultEvidence
} {
  const parsed = new Map<string, TenantSettings>(
    Object.entries(settings).map(([id, each]) => [id, parseSettings(each)]),
  )
  const inputs = Object.fromEntries(INPUT_TOPICS.map((topic) => [topic, [] as LogRecord[]])) as Evidence['inputs']
  const customers: LogRecord[] = []
  const changes: LogRecord[] = []
  const deadLetters: LogRecord[] = []
  const populationDeltas: LogRecord[] = []
  const units: Unit[] = []
  const drivers = new Map<string, Driver>()
  const driverOf = (tenantId: string): Driver => {
    const own = parsed.get(tenantId)
    const driver = drivers.get(tenantId) ?? createDriver({ now: NOW, thresholds, ...(own ? { settings: own } : {}) })
    drivers.set(tenantId, driver)
    return driver
  }
  const push = (to: LogRecord[], key: Buffer, value: Buffer | null, headers: Record<string, string>): void => {
    // Offsets of result topics have gaps, where transactions end.
    const offset = to.length === 0 ? 0 : to.at(-1)!.offset + (to.length % 5 === 0 ? 2 : 1)
    to.push({ offset, timestamp: NOW, key, value, headers: new Map(Object.entries(headers)) })
  }
  /** One unit of work: what came of an event, or of time. */
  const pushOutputs = (driver: Driver, origin: Record<string, string>, value: Buffer | null): void => {
    const records = driver.read('customers')
    for (const [i, customer] of records.entries()) {
      const key = Buffer.from(customerKey(customer.tenantId, customer.customerId))
      // What a timer makes before the event has no origin.
      const headers = customer.cause === 'event' ? origin : {}
      push(customers, key, encodeCustomer(customer), i < records.length - 1 ? headers : { ...headers, inputs: '{}' })
    }
    for (const change of driver.read('score-changes')) {
      const key = Buffer.from(customerKey(change.tenantId, change.customerId))
      push(changes, key, encodeChange(change), origin)
    }
    for (const { input, reason, stage, error } of driver.read('dead-letters')) {
      const key = Buffer.from(customerKey(input.event.tenantId, input.event.customerId))
      push(deadLetters, key, value, { ...origin, reason, stage, error })
    }
  }
  for (const each of sent) {
    const { topic } = each
    const offset = inputs[topic].length
    const headers = { topic, partition: '0', offset: String(offset) }
    if ('event' in each) {
      const { event } = each
      const { tenantId, customerId } = event
      const value = encodeInput(each)
      inputs[topic].push({
        offset,
        timestamp: NOW,
        key: Buffer.from(customerKey(tenantId, customerId)),
        value,
        headers: new Map(),
      })
      const driver = driverOf(tenantId)
      const before = driver.state(tenantId, customerId) ?? null
      driver.pipe(topic, event as never)
      const delta = moved(populationDeltas, tenantId, before, driver.state(tenantId, customerId) ?? null)
      const changes = { nps: driver.read('nps-deltas'), baskets: driver.read('basket-deltas') }
      units.push(unitOf(tenantId, changes, delta, event.occurredAt))
      pushOutputs(driver, headers, value)
    } else if ('erase' in each) {
      const key = Buffer.from(each.erase)
      inputs[topic].push({ offset, timestamp: NOW, key, value: null, headers: new Map() })
      push(customers, key, null, { ...headers, inputs: '{}' })
      const [tenantId = '', customerId = ''] = each.erase.split(/\/(.*)/s)
      const before = driverOf(tenantId).state(tenantId, customerId) ?? null
      units.push(unitOf(tenantId, { nps: [], baskets: [] }, moved(populationDeltas, tenantId, before, null), 0))
      driverOf(tenantId).erase(tenantId, customerId)
    } else {
      const key = Buffer.from('acme/poison')
      inputs[topic].push({ offset, timestamp: NOW, key, value: each.bytes, headers: new Map() })
      push(deadLetters, key, each.bytes, { ...headers, reason: each.reason, stage: 'decode' })
    }
  }
  for (const driver of drivers.values()) {
    driver.passTime(NOW)
    pushOutputs(driver, {}, null)
  }
  const inputEnds = Object.fromEntries(INPUT_TOPICS.map((topic) => [topic, inputs[topic].length]))
  const evidence: Evidence = {
    partition: 0,
    partitions: 1,
    inputs,
    inputEnds: inputEnds as Evidence['inputEnds'],
    customers,
    changes,
    deadLetters,
    populationDeltas,
    view: viewOf(customers),
    readUpTo: UP_TO,
  }
  return { evidence, units, results: { ...makeResults(units, parsed, NOW), populationDeltas } }
}

function moved(
  to: LogRecord[],
  tenantId: string,
  before: CustomerState | null,
  after: CustomerState | null,
): PopulationDelta | null {
  const moves = new PopulationMoves()
  moves.add(before, after)
  const all = moves.all()
  if (all.length === 0) return null
  const delta = { tenantId, source: 0, streamTime: 0, moves: all }
  const value = encodeDelta(delta)
  to.push({ offset: to.length, timestamp: NOW, key: null, value, headers: new Map() })
  return delta
}

/** The view that follows from the records of `customers`. */
function viewOf(records: readonly LogRecord[]): Evidence['view'] {
  const customers = new Map<string, Buffer>()
  for (const { key, value } of records) {
    if (value === null) customers.delete(String(key))
    else customers.set(String(key), value)
  }
  const tops = new Map<string, Map<string, number>>()
  const tenants = new Set<string>()
  const streamTimes = new Map<string, number>()
  for (const { value } of records) {
    if (value === null) continue
    const { tenantId, state } = decodeCustomer(value)
    streamTimes.set(tenantId, Math.max(streamTimes.get(tenantId) ?? 0, decodeState(state).newestAt))
  }
  for (const value of customers.values()) {
    const { tenantId, customerId, lead, churn, state } = decodeCustomer(value)
    tenants.add(tenantId)
    const scores = {
      lead: Math.round(lead.probability * 1e9),
      churn: Math.round(churn.risk * 1e9),
      recent: decodeState(state).newestAt,
    }
    for (const [index, score] of Object.entries(scores)) {
      const name = `${index}/${tenantId}`
      tops.set(name, (tops.get(name) ?? new Map<string, number>()).set(customerId, score))
    }
  }
  const offset = (records.at(-1)?.offset ?? -1) + 1
  return { customers, tenants: [...tenants], tops, offset, streamTimes, rebuilding: false }
}
