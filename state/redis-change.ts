import { INDEX_SCALE, type RedisKeys, TOP_INDEXES, type TopIndex } from '../schemas/redis-keys.ts'
import { ascending } from './ascending.ts'
import type { RespBuffer } from './resp-buffer.ts'
import type { CustomerEntry, SnapshotEntry, StateChange, TimerEntry } from './state-store.ts'
import type { ViewCommands } from './view-commands.ts'
import { writeText } from './write-command.ts'

/** What a change says of one tenant. */
interface TenantChange {
  readonly entries: readonly CustomerEntry[]
  readonly timers: readonly TimerEntry[]
}

function changesByTenant({ entries, timers }: StateChange): Map<string, TenantChange> {
  const byTenant = Map.groupBy(entries, ({ tenantId }) => tenantId)
  const timersByTenant = Map.groupBy(timers, ({ tenantId }) => tenantId)
  return new Map(
    [...new Set([...byTenant.keys(), ...timersByTenant.keys()])].map((tenant) => [
      tenant,
      { entries: byTenant.get(tenant) ?? [], timers: timersByTenant.get(tenant) ?? [] },
    ]),
  )
}

/** The sorted sets of one tenant. */
export function tenantKeys(keys: RedisKeys, partition: number, tenant: string): string[] {
  return [...TOP_INDEXES.map((index) => keys.top(partition, tenant, index)), keys.timers(partition, tenant)]
}

/** The commands of a change of customers. */
export function writeChange(commands: ViewCommands, keys: RedisKeys, partition: number, change: StateChange): void {
  const { entries, snapshots } = change
  const customers = keys.customers(partition)
  const [kept, gone] = partitioned(entries)
  commands.add('HSET', customers, kept, 2, writeValue)
  commands.add('HDEL', customers, gone, 1, writeKey)
  const [open, ended] = partitioned(snapshots)
  commands.add('HSET', keys.snapshots(partition), open, 2, writeValue)
  commands.add('HDEL', keys.snapshots(partition), ended, 1, writeKey)
  for (const [tenant, mine] of changesByTenant(change)) {
    // Also of timers alone: by it an emptying finds the tenant's keys.
    commands.add('SADD', keys.tenants(partition), [tenant], 1, writeText)
    for (const index of TOP_INDEXES) writeIndex(commands, keys.top(partition, tenant, index), index, mine.entries)
    writeTimers(commands, keys.timers(partition, tenant), mine)
  }
}

/** What stays, and what goes. */
function partitioned<T extends { readonly value: Buffer | null }>(items: readonly T[]): [T[], T[]] {
  return [items.filter(({ value }) => value !== null), items.filter(({ value }) => value === null)]
}

function writeValue(resp: RespBuffer, { key, value }: SnapshotEntry): void {
  resp.text(key)
  resp.bytes(value!)
}

function writeKey(resp: RespBuffer, { key }: SnapshotEntry): void {
  resp.text(key)
}

function writeId(resp: RespBuffer, { customerId }: TimerEntry): void {
  resp.text(customerId)
}

const SCORES: Readonly<Record<TopIndex, (entry: CustomerEntry) => number>> = {
  lead: ({ probability }) => Math.round(probability * INDEX_SCALE),
  churn: ({ risk }) => Math.round(risk * INDEX_SCALE),
  recent: ({ newestAt }) => Math.max(newestAt, 0),
}

function writeIndex(commands: ViewCommands, key: string, index: TopIndex, entries: readonly CustomerEntry[]): void {
  const [kept, gone] = partitioned(entries)
  const scoreOf = SCORES[index]
  commands.add('ZADD', key, ascending(kept, scoreOf), 2, (resp, entry) => {
    resp.integer(scoreOf(entry))
    resp.text(entry.customerId)
  })
  commands.add('ZREM', key, gone, 1, writeId)
}

function writeTimers(commands: ViewCommands, key: string, { entries, timers }: TenantChange): void {
  const all: readonly TimerEntry[] = timers.length === 0 ? entries : [...entries, ...timers]
  const pending = all.filter(({ nextLookAt }) => nextLookAt !== 0)
  commands.add(
    'ZADD',
    key,
    ascending(pending, ({ nextLookAt }) => nextLookAt),
    2,
    (resp, timer) => {
      resp.integer(timer.nextLookAt)
      resp.text(timer.customerId)
    },
  )
  if (pending.length === all.length) return
  commands.add(
    'ZREM',
    key,
    all.filter(({ nextLookAt }) => nextLookAt === 0),
    1,
    writeId,
  )
}
