import { setTimeout as sleep } from 'node:timers/promises'
import { type CrossSell, crossSellSchema } from '../../schemas/avro/cross-sell.ts'
import { type Customer, customerSchema } from '../../schemas/avro/customer.ts'
import { type Nps, npsSchema } from '../../schemas/avro/nps.ts'
import { AvroCodec } from '../../schemas/codec.ts'
import type { InputEvent } from '../../schemas/events.ts'
import { parseThresholds, type Thresholds } from '../../schemas/thresholds.ts'
import type { CheckBooksOptions } from './check-books.ts'
import { checkStandings, expectedBuyers } from './check-standings.ts'
import { checkCrossSell, checkNps } from './check-windows.ts'
import { expectedNps, expectedOrders } from './expected-windows.ts'
import type { ResultLogs } from './result-logs.ts'

const GIVE_UP_MS = 150_000
const ASK_EVERY_MS = 2_000

/** What windows and populations come to. */
export interface ResultBooks {
  /** Results of NPS: windows and groups. */
  readonly npsResults: number
  /** NPS of all answers, and how many they are. */
  readonly nps: number | null
  readonly answers: number
  /** Pairs in all windows. */
  readonly crossSellPairs: number
  readonly thresholdsVersion: number
  readonly segments: Readonly<Record<string, number>>
  readonly tiers: Readonly<Record<string, number>>
  readonly mismatches: readonly string[]
}

/**
 * NPS, cross-sell and standings, recomputed from the events. Windows close, and results follow, a while after the last event:
 * they are read again until they are right or time is up.
 * @param events every event that was accepted, once
 */
export async function checkResults(
  logs: ResultLogs,
  options: CheckBooksOptions,
  events: readonly InputEvent[],
): Promise<ResultBooks> {
  const { schemas } = options
  const codecs = {
    nps: new AvroCodec<Nps>(npsSchema, schemas),
    crossSell: new AvroCodec<CrossSell>(crossSellSchema, schemas),
    customer: new AvroCodec<Customer>(customerSchema, schemas),
  }
  const expected = {
    nps: expectedNps(events),
    orders: expectedOrders(events),
    buyers: expectedBuyers(events),
  }
  const deadline = performance.now() + GIVE_UP_MS
  const untilRight = async (check: () => Promise<string[]>): Promise<string[]> => {
    for (;;) {
      const mismatches = await check()
      if (mismatches.length === 0 || performance.now() > deadline) return mismatches
      await sleep(ASK_EVERY_MS)
    }
  }
  let nps: readonly Nps[] = []
  let pairs: readonly CrossSell[] = []
  let customers: ReadonlyMap<string, Customer> = new Map()
  let thresholds: Thresholds | null = null
  const mismatches = [
    ...(await untilRight(async () => {
      nps = [...(await decoded(await newestOf(logs, options, 'nps'), codecs.nps)).values()]
      return checkNps(nps, expected.nps)
    })),
    ...(await untilRight(async () => {
      const all = [...(await decoded(await newestOf(logs, options, 'cross-sell'), codecs.crossSell)).values()]
      pairs = all.filter(({ level }) => level === 'item')
      return checkCrossSell(pairs, expected.orders)
    })),
    ...(await untilRight(async () => {
      thresholds = await newestThresholds(logs)
      customers = await decoded(await newestOf(logs, options, 'customers'), codecs.customer)
      // Fewer buyers than population.minCustomers have no classes.
      return thresholds === null ? checkNobodyStands(customers) : checkStandings(expected.buyers, thresholds, customers)
    })),
    ...(await compareResultView(logs, options)),
  ]
  const ever = nps.find(({ windowEnd, groupKey }) => windowEnd === null && groupKey === null)
  return {
    npsResults: nps.length,
    nps: ever?.nps ?? null,
    answers: ever?.total ?? 0,
    crossSellPairs: pairs.length,
    thresholdsVersion: (thresholds as Thresholds | null)?.version ?? 0, // assigned in a function
    segments: tally([...customers.values()].map(({ rfm }) => rfm.segment)),
    tiers: tally([...customers.values()].map(({ loyalty }) => loyalty?.tier ?? null)),
    mismatches,
  }
}

function checkNobodyStands(customers: ReadonlyMap<string, Customer>): string[] {
  const placed = [...customers].filter(([, { rfm }]) => rfm.segment !== null)
  return placed.map(([key, { rfm }]) => `${key} is ${rfm.segment}, but there are no thresholds`)
}

async function newestThresholds(logs: ResultLogs): Promise<Thresholds | null> {
  const value = (await logs.read('thresholds', 0)).at(-1)?.value
  return value == null ? null : parseThresholds(JSON.parse(value.toString()))
}

type ResultTopic = 'nps' | 'cross-sell' | 'customers'

/** The newest value of each key that has one. */
async function newestOf(
  logs: ResultLogs,
  { partitions }: CheckBooksOptions,
  topic: ResultTopic,
): Promise<Map<string, Buffer>> {
  const newest = new Map<string, Buffer>()
  for (let partition = 0; partition < partitions; partition++) {
    for (const { key, value } of await logs.read(topic, partition)) {
      if (key === null) continue
      if (value === null) newest.delete(key.toString())
      else newest.set(key.toString(), value)
    }
  }
  return newest
}

async function decoded<T>(values: ReadonlyMap<string, Buffer>, codec: AvroCodec<T>): Promise<Map<string, T>> {
  const records = new Map<string, T>()
  for (const [key, value] of values) records.set(key, await codec.decodeLoading(value))
  return records
}

/** Redis must hold the newest result of each key, byte for byte, and no other. */
async function compareResultView(logs: ResultLogs, options: CheckBooksOptions): Promise<string[]> {
  const { redis, keys, partitions } = options
  const mismatches: string[] = []
  const newest = new Map([...(await newestOf(logs, options, 'nps')), ...(await newestOf(logs, options, 'cross-sell'))])
  const wanted = new Set(newest.keys())
  for (let partition = 0; partition < partitions; partition++) {
    const prefix = keys.results(partition, '', '').slice(0, -1)
    const names = (await redis.smembers(keys.resultKeys(partition))).filter((name) => name.startsWith(prefix))
    for (const name of names) {
      for (const [id, value] of Object.entries(await redis.hgetallBuffer(name))) {
        const key = `${name.slice(prefix.length)}/${id}`
        if (newest.get(key)?.equals(value) !== true) mismatches.push(`${key} in Redis is not its newest record`)
        wanted.delete(key)
      }
    }
  }
  for (const key of wanted) mismatches.push(`${key} is not in Redis`)
  return mismatches
}

function tally(names: readonly (string | null)[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const name of names) if (name !== null) counts[name] = (counts[name] ?? 0) + 1
  return counts
}
