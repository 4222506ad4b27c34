import { setTimeout as sleep } from 'node:timers/promises'
import { beforeEach, describe, expect, test } from 'vitest'
import { StreamTimes } from '../../runtime/stream-time.ts'
import { type CommittedBatch, TaskView } from '../../runtime/task-view.ts'
import { AppError } from '../../schemas/errors.ts'
import type { StateChange, StateStore, WriteAnswer } from '../../state/state-store.ts'

/** A view of one customer whose value names the position it was written at. Writes wait until they are let through. */
class Store implements Partial<StateStore> {
  offset = 0
  reads = 0
  held = false
  readonly #held: (() => void)[] = []

  async write(_partition: number, { expected, position }: StateChange): Promise<WriteAnswer> {
    if (this.held) await new Promise<void>((resolve) => this.#held.push(resolve))
    if (expected !== this.offset) return 'foreign'
    this.offset = position.offset
    return 'written'
  }

  release(): void {
    this.held = false
    for (const resolve of this.#held.splice(0)) resolve()
  }

  read(_partition: number, expected: number | null, keys: readonly string[]): Promise<Buffer[]> {
    this.reads++
    if (expected !== this.offset) {
      return Promise.reject(new AppError('REDIS_FOREIGN', 'elsewhere', { retryable: true }))
    }
    return Promise.resolve(keys.map((key) => Buffer.from(`${key} at ${expected}`)))
  }
}

let store: Store
let view: TaskView
let failed: unknown
const { signal } = new AbortController()

function batch(end: number): CommittedBatch {
  return { batch: end, touched: [], replanned: [], snapshots: [], inputs: {}, end, snapshotsEnd: undefined, at: 0 }
}

const read = async (keys = ['a']): Promise<string[]> => (await view.read(keys, signal)).map(String)

beforeEach(() => {
  store = new Store()
  failed = null
  view = new TaskView({
    partition: 0,
    store: store as unknown as StateStore,
    streamTimes: new StreamTimes(),
    clusterId: () => 'cluster',
    signal,
    onFailure: (error) => {
      failed = error
    },
  })
})

describe('a read', () => {
  test('is sent behind the write under way, and needs no second one where Redis keeps their order', async () => {
    await view.write(batch(5))
    expect(await read()).toEqual(['a at 5'])
    expect(store.reads).toBe(1)
  })

  test('that came before the write is done again behind it', async () => {
    store.held = true
    await view.write(batch(5))
    const answer = read()
    await sleep(0)
    expect(store.reads).toBe(1)
    store.release()
    expect(await answer).toEqual(['a at 5'])
    expect(store.reads).toBe(2)
  })

  test('of many customers waits for the write', async () => {
    store.held = true
    await view.write(batch(5))
    const answer = read(Array.from({ length: 101 }, (_, i) => `c-${i}`))
    await sleep(0)
    expect(store.reads).toBe(0)
    store.release()
    expect(await answer).toHaveLength(101)
  })

  test('of a view that somebody else moved fails, also without a write', async () => {
    store.offset = 7
    await expect(read()).rejects.toMatchObject({ code: 'REDIS_FOREIGN' })
    await view.write(batch(5))
    await expect(read()).rejects.toMatchObject({ code: 'REDIS_FOREIGN' })
    expect(failed).toMatchObject({ code: 'REDIS_FOREIGN' })
  })
})
