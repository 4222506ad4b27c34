import type { AppError } from '../../schemas/errors.ts'
import type { ConsumedRecord } from './consumed-record.ts'
import type { Fetcher } from './fetcher.ts'

/**
 * Reads [from, to) of a partition without a group, in slices as they come. It ends when the fetch position has reached
 * `to`: control and aborted records move the position but bring no record, so waiting for "the last record" would hang.
 */
export async function* readPartition(
  fetcher: Fetcher,
  topic: string,
  partition: number,
  range: { readonly from: number; readonly to: number },
  signal?: AbortSignal,
): AsyncGenerator<{ records: ConsumedRecord[]; position: number }> {
  if (range.from >= range.to) return
  const ready: { records: ConsumedRecord[]; position: number }[] = []
  let failure: AppError | null = null
  let reached = range.from
  let wake: () => void = () => {}
  const subscription = fetcher.subscribe(topic, partition, range.from, {
    wantsMore: () => ready.length < 4,
    push: (records, { position }) => {
      // An answer may bring nothing of this partition: other partitions had filled it.
      if (position === reached) return
      reached = position
      ready.push({ records: [...records], position })
      wake()
    },
    failed: (error) => {
      failure = error
      wake()
    },
  })
  const onAbort = (): void => wake()
  signal?.addEventListener('abort', onAbort)
  try {
    for (;;) {
      signal?.throwIfAborted()
      if (failure) throw failure
      const slice = ready.shift()
      if (!slice) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
        continue
      }
      fetcher.wake()
      const beyond = slice.records.findIndex((record) => record.offset >= range.to)
      yield beyond < 0 ? slice : { records: slice.records.slice(0, beyond), position: range.to }
      if (slice.position >= range.to) return
    }
  } finally {
    signal?.removeEventListener('abort', onAbort)
    subscription.close()
  }
}
