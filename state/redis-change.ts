import { INDEX_SCALE, STREAM_TIME_FIELD, TOP_INDEXES } from '../schemas/redis-keys.ts'
import type { RespBuffer } from './resp-buffer.ts'
import type { CustomerEntry, StateChange } from './state-store.ts'

/** Customers of one group of arguments: Lua's unpack ends below 8,000. */
const SLICE = 1_000
const POSITION_KEY = 1
const CUSTOMERS_KEY = 2
const TENANTS_KEY = 3

/** The arguments of commit.lua. @param tenants the entries of each tenant, in the order of the index keys */
export function writeChange(
  resp: RespBuffer,
  change: StateChange,
  tenants: ReadonlyMap<string, readonly CustomerEntry[]>,
): void {
  const { expected, position, entries } = change
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
  const kept = entries.filter((entry) => entry.value !== null)
  writeGroups(resp, 'HSET', CUSTOMERS_KEY, kept, 2, ({ key, value }) => {
    resp.text(key)
    resp.bytes(value!)
  })
  if (kept.length < entries.length) {
    const gone = entries.filter((entry) => entry.value === null)
    writeGroups(resp, 'HDEL', CUSTOMERS_KEY, gone, 1, ({ key }) => resp.text(key))
  }
  let firstIndex = TENANTS_KEY + 1
  for (const [tenant, mine] of tenants) {
    writeGroups(resp, 'SADD', TENANTS_KEY, [tenant], 1, (id) => resp.text(id))
    writeIndexes(resp, firstIndex, mine)
    firstIndex += TOP_INDEXES.length
  }
}

/** Sorted sets in the order of TOP_INDEXES. */
function writeIndexes(resp: RespBuffer, firstIndex: number, entries: readonly CustomerEntry[]): void {
  const kept = entries.filter((entry) => entry.value !== null)
  const gone = entries.filter((entry) => entry.value === null)
  TOP_INDEXES.forEach((index, i) => {
    writeGroups(resp, 'ZADD', firstIndex + i, kept, 2, (entry) => {
      resp.integer(
        index === 'lead'
          ? Math.round(entry.probability * INDEX_SCALE)
          : index === 'churn'
            ? Math.round(entry.risk * INDEX_SCALE)
            : Math.max(entry.newestAt, 0),
      )
      resp.text(entry.customerId)
    })
    writeGroups(resp, 'ZREM', firstIndex + i, gone, 1, (entry) => resp.text(entry.customerId))
  })
}

function writeGroups<T>(
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
