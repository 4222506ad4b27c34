import { cpus } from 'node:os'
import { compileModel } from '../models/linear-model.ts'
import { CHURN_PRIOR } from '../models/priors/churn-prior.ts'
import { LEAD_PRIOR } from '../models/priors/lead-prior.ts'
import { createEventContext } from '../processors/event-context.ts'
import type { CustomerState } from '../schemas/customer-state.ts'
import type { InputEvent } from '../schemas/events.ts'
import { cloneState, newCustomerState } from '../schemas/new-state.ts'
import { decodeState, encodeState } from '../schemas/state-codec.ts'
import { createScoring } from '../topology/scoring.ts'
import { seeded } from './random.ts'

/*
 * What one event costs in the functional core: cloneState, process (with the encoded state), commit to a Map. No Avro, no
 * Kafka, no Redis. A Zipf-mixed stream of 100,000 customers, event ids as UUID-like strings made beforehand.
 * Usage: node bench/core.ts [events]
 */
const EVENTS = Number(process.argv[2] ?? 1_000_000)
const CUSTOMERS = 100_000
const START = Date.UTC(2026, 0, 1)
const TYPES = ['PAGE_VIEW', 'PRODUCT_VIEW', 'SEARCH', 'ADD_TO_CART', 'EMAIL_OPEN', 'EMAIL_CLICK', 'LOGIN', 'SUPPORT']

function makeEvents(length: number, customers: number): InputEvent[] {
  const random = seeded(1)
  const whole = (below: number): number => Math.floor(random() * below)
  return Array.from({ length }, (_, i): InputEvent => {
    const head = {
      eventId: `${(i * 2654435761) % 2 ** 32}-4b1e-4c53-9d2f-${i.toString(16).padStart(12, '0')}`,
      tenantId: 'shop',
      // Rank by inverse transform of the continuous Zipf(1) law.
      customerId: `c-${Math.floor(customers ** random())}`,
      // 30 days of traffic; one event in twenty up to a day late.
      occurredAt: START + i * 2_592 - (random() < 0.05 ? whole(86_400_000) : 0),
    }
    const kind = random()
    if (kind < 0.85) {
      const type = TYPES[whole(TYPES.length)]!
      return {
        topic: 'interactions',
        event: { ...head, type, channel: null, itemId: null, durationMs: 10, properties: {} },
      }
    }
    if (kind < 0.95) {
      const type = random() < 0.9 ? 'PURCHASE' : 'REFUND'
      const lines = [{ itemId: 'sku-1', category: null, quantity: 1, unitPriceMinor: 990 }]
      const money = { orderId: null, currency: 'GBP', amountMinor: 990, lines, properties: {} }
      return { topic: 'transactions', event: { ...head, type, ...money } }
    }
    if (kind < 0.98) {
      return { topic: 'surveys', event: { ...head, kind: 'NPS', score: whole(11), comment: null, attributes: {} } }
    }
    return { topic: 'profiles', event: { ...head, traits: { plan: 'pro', country: 'GB', seats: whole(50) } } }
  })
}

const models = { lead: compileModel(LEAD_PRIOR), churn: compileModel(CHURN_PRIOR) }

function run(events: readonly InputEvent[]): { micros: number; states: Map<string, CustomerState>; changes: number } {
  const scoring = createScoring()
  const context = createEventContext()
  const states = new Map<string, CustomerState>()
  let changes = 0
  context.models = models
  context.now = START + 400 * 86_400_000
  const begin = process.cpuUsage().user
  for (const input of events) {
    const { tenantId, customerId } = input.event
    const known = states.get(customerId)
    context.input = input
    context.tenantId = tenantId
    context.customerId = customerId
    context.draft = known === undefined ? newCustomerState() : cloneState(known)
    if (scoring.process(context).kind !== 'forward') throw new Error(`event ${input.event.eventId} was not forwarded`)
    states.set(customerId, context.draft)
    changes += context.changes.length
  }
  return { micros: (process.cpuUsage().user - begin) / events.length, states, changes }
}

function time(rounds: number, work: (i: number) => void): number {
  const begin = process.hrtime.bigint()
  for (let i = 0; i < rounds; i++) work(i)
  return Number(process.hrtime.bigint() - begin) / rounds / 1000
}

const events = makeEvents(EVENTS, CUSTOMERS)
run(events.slice(0, 100_000))
const rounds = [run(events), run(events), run(events)]
// The same with few customers: what is left when neither the Map nor old states cost memory traffic.
const few = makeEvents(Math.min(EVENTS, 300_000), 100)
const hot = [run(few), run(few), run(few)]
const show = (runs: typeof rounds): string => runs.map(({ micros }) => micros.toFixed(2)).join(', ')
const { states, changes } = rounds[0]!
const all = [...states.values()]
const buffer = Buffer.alloc(65_536)
const sizes = all.map((state) => encodeState(state, buffer, 0)).sort((a, b) => a - b)
const encoded = all.slice(0, 1000).map((state) => Buffer.from(buffer.subarray(0, encodeState(state, buffer, 0))))

console.log(`${cpus()[0]?.model ?? 'unknown CPU'} x ${cpus().length}, Node ${process.version}`)
console.log(`${EVENTS} events, ${states.size} customers, ${changes} score changes`)
console.log(`clone + process + encode: ${show(rounds)} µs of CPU an event, Map and garbage collection included`)
console.log(`with 100 customers:       ${show(hot)} µs`)
console.log(`cloneState:  ${time(1e6, (i) => cloneState(all[i % 1000]!)).toFixed(2)} µs`)
console.log(`encodeState: ${time(1e6, (i) => encodeState(all[i % 1000]!, buffer, 0)).toFixed(2)} µs`)
console.log(`decodeState: ${time(1e5, (i) => decodeState(encoded[i % 1000]!)).toFixed(2)} µs`)
console.log(
  `state bytes: p50 ${sizes[sizes.length >> 1]}, p99 ${sizes[Math.floor(sizes.length * 0.99)]}, max ${sizes.at(-1)}`,
)
