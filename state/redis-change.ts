import { INDEX_SCALE, type RedisKeys, STREAM_TIME_FIELD, TOP_INDEXES, type TopIndex } from '../schemas/redis-keys.ts'
import { ascending } from './ascending.ts'
import type { ViewChange } from './redis-view.ts'
import type { RespBuffer } from './resp-buffer.ts'
import type { CustomerEntry, StateChange, TimerEntry } from './state-store.ts'

/** Items of one group of arguments: Lua's unpack ends below 8,000. */
const SLICE = 1_000
const POSITION_KEY = 1
const CUSTOMERS_KEY = 2
const TENANTS_KEY = 3
const SNAPSHOTS_KEY = 4

/** What a change says of one tenant. */
export interface TenantChange {
  readonly entries: readonly CustomerEntry[]
  readonly timers: readonly TimerEntry[]
}

export function changesByTenant({ entries, timers }: StateChange): Map<string, TenantChange> {
  const byTenant = Map.groupBy(entries, ({ tenantId }) => tenantId)
  const timersByTenant = Map.groupBy(timers, ({ tenantId }) => tenantId)
  return new Map(
    [...new Set([...byTenant.keys(), ...timersByTenant.keys()])].map((tenant) => [
      tenant,
      { entries: byTenant.get(tenant) ?? [], timers: timersByTenant.get(tenant) ?? [] },
    ]),
  )
}

/** The sorted sets of one tenant, in the order in which writeChange numbers them. */
export function tenantKeys(keys: RedisKeys, partition: number, tenant: string): string[] {
  return [...TOP_INDEXES.map((index) => keys.top(partition, tenant, index)), keys.timers(partition, tenant)]
}

/** The first arguments of commit.lua: where a view goes. */
export function writePosition(resp: RespBuffer, { expected, position }: ViewChange): void {
  resp.text(expected === null ? '' : String(expected))
  resp.integer(position.offset)
  resp.text(JSON.stringify(position.inputs))
  resp.text(position.cluster)
  resp.text(position.topic)
  resp.integer(position.at)
  writeGroups(resp, 'HSET', POSITION_KEY, [...position.streamTimes], 2, ([tenant, time]) => {
    resp.text(STREAM_TIME_FIELD + tenant)
    resp.integer(time)
  })
  if (position.snapshots === undefined) return
  writeGroups(resp, 'HSET', POSITION_KEY, [position.snapshots], 2, (offset) => {
    resp.text('snapshots')
    resp.integer(offset)
  })
}

/** The groups of commit.lua for customers. @param tenants in the order of their keys */
export function writeChange(
  resp: RespBuffer,
  { entries, snapshots }: StateChange,
  tenants: ReadonlyMap<string, TenantChange>,
): void {
  const kept = entries.filter((entry) => entry.value !== null)
  writeGroups(resp, 'HSET', CUSTOMERS_KEY, kept, 2, ({ key, value }) => {
    resp.text(key)
    resp.bytes(value!)
  })
  if (kept.length < entries.length) {
    const gone = entries.filter((entry) => entry.value === null)
    writeGroups(resp, 'HDEL', CUSTOMERS_KEY, gone, 1, ({ key }) => resp.text(key))
  }
  if (snapshots.length > 0) writeSnapshots(resp, snapshots)
  let firstIndex = SNAPSHOTS_KEY + 1
  for (const [tenant, mine] of tenants) {
    if (mine.entries.length > 0) writeGroups(resp, 'SADD', TENANTS_KEY, [tenant], 1, (id) => resp.text(id))
    writeIndexes(resp, firstIndex, mine.entries)
    writeTimers(resp, firstIndex + TOP_INDEXES.length, mine)
    firstIndex += TOP_INDEXES.length + 1
  }
}

function writeSnapshots(resp: RespBuffer, snapshots: StateChange['snapshots']): void {
  const open = snapshots.filter(({ value }) => value !== null)
  writeGroups(resp, 'HSET', SNAPSHOTS_KEY, open, 2, ({ key, value }) => {
    resp.text(key)
    resp.bytes(value!)
  })
  const ended = snapshots.filter(({ value }) => value === null)
  writeGroups(resp, 'HDEL', SNAPSHOTS_KEY, ended, 1, ({ key }) => resp.text(key))
}

const SCORES: Readonly<Record<TopIndex, (entry: CustomerEntry) => number>> = {
  lead: ({ probability }) => Math.round(probability * INDEX_SCALE),
  churn: ({ risk }) => Math.round(risk * INDEX_SCALE),
  recent: ({ newestAt }) => Math.max(newestAt, 0),
}

/** Sorted sets in the order of TOP_INDEXES. */
function writeIndexes(resp: RespBuffer, firstIndex: number, entries: readonly CustomerEntry[]): void {
  const kept = entries.filter((entry) => entry.value !== null)
  const gone = entries.filter((entry) => entry.value === null)
  TOP_INDEXES.forEach((index, i) => {
    const scoreOf = SCORES[index]
    writeGroups(resp, 'ZADD', firstIndex + i, ascending(kept, scoreOf), 2, (entry) => {
      resp.integer(scoreOf(entry))
      resp.text(entry.customerId)
    })
    writeGroups(resp, 'ZREM', firstIndex + i, gone, 1, (entry) => resp.text(entry.customerId))
  })
}

function writeTimers(resp: RespBuffer, key: number, { entries, timers }: TenantChange): void {
  const all: readonly TimerEntry[] = timers.length === 0 ? entries : [...entries, ...timers]
  const pending = all.filter(({ nextLookAt }) => nextLookAt !== 0)
  const ordered = ascending(pending, ({ nextLookAt }) => nextLookAt)
  writeGroups(resp, 'ZADD', key, ordered, 2, (timer) => {
    resp.integer(timer.nextLookAt)
    resp.text(timer.customerId)
  })
  if (pending.length === all.length) return
  const gone = all.filter(({ nextLookAt }) => nextLookAt === 0)
  writeGroups(resp, 'ZREM', key, gone, 1, (timer) => resp.text(timer.customerId))
}

/** Groups of one command and key, each of arguments that Lua can unpack. */
export function writeGroups<T>(
  resp: RespBuffer,
  command: string,
  key: number,
  items: readonly T[],
  argumentsEach: number,
  write: (item: T) => void,
): void {
  for (let from = 0; from < items.length; from += SLICE) {
    const to = Math.min(from + SLICE, items.length)
    resp.text(command)
    resp.integer(key)
    resp.integer((to - from) * argumentsEach)
    for (let i = from; i < to; i++) write(items[i]!)
  }
}
