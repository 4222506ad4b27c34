import { PopulationMoves } from '../../../processors/population-moves.ts'
import type { CustomerState } from '../../../schemas/customer-state.ts'
import type { InputEvent } from '../../../schemas/events.ts'
import { customerKey } from '../../../schemas/partition.ts'
import { parseSettings, type TenantSettings } from '../../../schemas/settings.ts'
import { INPUT_TOPICS, type InputTopic } from '../../../schemas/topics.ts'
import { createDriver, type Driver } from '../../driver.ts'
import type { LogRecord } from './evidence.ts'
import { decodeCustomer, encodeChange, encodeCustomer, encodeDelta, encodeInput } from './evidence-codecs.ts'
import type { Published } from './make-reference.ts'
import type { Evidence } from './spoilable-evidence.ts'

/** A record for an input topic: an event, the erasure of a customer (by key), or bytes that are bad in themselves. */
export type Sent =
  | InputEvent
  | { readonly topic: 'profiles'; readonly erase: string }
  | { readonly topic: InputTopic; readonly bytes: Buffer; readonly reason: string }

const NOW = Date.UTC(2026, 0, 2)
/** What a run without a fault leaves in the only partition: the product's own pipeline, in memory. */
export function makeEvidence(sent: readonly Sent[], { settings = {}, thresholds = null }: Published = {}): Evidence {
  const parsed = new Map<string, TenantSettings>(
    Object.entries(settings).map(([id, each]) => [id, parseSettings(each)]),
  )
  const inputs = Object.fromEntries(INPUT_TOPICS.map((topic) => [topic, [] as LogRecord[]])) as Evidence['inputs']
  const customers: LogRecord[] = []
  const changes: LogRecord[] = []
  const deadLetters: LogRecord[] = []
  const populationDeltas: LogRecord[] = []
  const drivers = new Map<string, Driver>()
  const push = (to: LogRecord[], key: Buffer, value: Buffer | null, headers: Record<string, string>): void => {
    // Offsets of result topics have gaps, where transactions end.
    const offset = to.length === 0 ? 0 : to.at(-1)!.offset + (to.length % 5 === 0 ? 2 : 1)
    to.push({ offset, timestamp: NOW, key, value, headers: new Map(Object.entries(headers)) })
  }
  for (const each of sent) {
    const { topic } = each
    const offset = inputs[topic].length
    const headers = { topic, partition: '0', offset: String(offset) }
    if ('event' in each) {
      const { event } = each
      const name = customerKey(event.tenantId, event.customerId)
      const key = Buffer.from(name)
      const value = encodeInput(each)
      inputs[topic].push({ offset, timestamp: NOW, key, value, headers: new Map() })
      const own = parsed.get(event.tenantId)
      const driver = drivers.get(name) ?? createDriver({ now: NOW, thresholds, ...(own ? { settings: own } : {}) })
      drivers.set(name, driver)
      const before = driver.state(event.tenantId, event.customerId) ?? null
      driver.pipe(topic, event as never)
      moved(populationDeltas, event.tenantId, before, driver.state(event.tenantId, event.customerId) ?? null)
      for (const customer of driver.read('customers')) {
        // What a timer makes before the event has no origin.
        push(customers, key, encodeCustomer(customer), customer.cause === 'event' ? headers : {})
      }
      for (const change of driver.read('score-changes')) push(changes, key, encodeChange(change), headers)
      for (const { reason, stage } of driver.read('dead-letters'))
        push(deadLetters, key, value, { ...headers, reason, stage })
    } else if ('erase' in each) {
      const key = Buffer.from(each.erase)
      inputs[topic].push({ offset, timestamp: NOW, key, value: null, headers: new Map() })
      push(customers, key, null, headers)
      const [tenantId = '', customerId = ''] = each.erase.split(/\/(.*)/s)
      moved(populationDeltas, tenantId, drivers.get(each.erase)?.state(tenantId, customerId) ?? null, null)
      drivers.delete(each.erase)
    } else {
      const key = Buffer.from('acme/poison')
      inputs[topic].push({ offset, timestamp: NOW, key, value: each.bytes, headers: new Map() })
      push(deadLetters, key, each.bytes, { ...headers, reason: each.reason, stage: 'decode' })
    }
  }
  const inputEnds = Object.fromEntries(INPUT_TOPICS.map((topic) => [topic, inputs[topic].length]))
  return {
    partition: 0,
    partitions: 1,
    inputs,
    inputEnds: inputEnds as Evidence['inputEnds'],
    customers,
    changes,
    deadLetters,
    populationDeltas,
    view: viewOf(customers),
  }
}

function moved(to: LogRecord[], tenantId: string, before: CustomerState | null, after: CustomerState | null): void {
  const moves = new PopulationMoves()
  moves.add(before, after)
  const all = moves.all()
  if (all.length === 0) return
  const value = encodeDelta({ tenantId, source: 0, streamTime: 0, moves: all })
  to.push({ offset: to.length, timestamp: NOW, key: null, value, headers: new Map() })
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
    const { tenantId, asOf } = decodeCustomer(value)
    streamTimes.set(tenantId, Math.max(streamTimes.get(tenantId) ?? 0, asOf))
  }
  for (const value of customers.values()) {
    const { tenantId, customerId, lead, churn, asOf } = decodeCustomer(value)
    tenants.add(tenantId)
    const scores = { lead: Math.round(lead.probability * 1e9), churn: Math.round(churn.risk * 1e9), recent: asOf }
    for (const [index, score] of Object.entries(scores)) {
      const name = `${index}/${tenantId}`
      tops.set(name, (tops.get(name) ?? new Map<string, number>()).set(customerId, score))
    }
  }
  const offset = (records.at(-1)?.offset ?? -1) + 1
  return { customers, tenants: [...tenants], tops, offset, streamTimes, rebuilding: false }
}
