import type { InputEvent } from '../../schemas/events.ts'
import { type Checkpoint, saveCheckpoint } from './checkpoint.ts'
import type { Clock } from './clock.ts'
import { EventBatch } from './event-batch.ts'
import type { EventWriter } from './event-writer.ts'
import type { InputFile } from './input-file.ts'
import type { Mapping } from './mapping.ts'
import { type DueAt, pacer } from './pacer.ts'
import type { Rate } from './rate.ts'
import { readItems } from './read-items.ts'
import type { Position } from './record-splitter.ts'
import type { RejectsFile } from './rejects-file.ts'
import { count, type ReplayCounts } from './replay-counts.ts'
import type { ReplayItem } from './replay-item.ts'

/** Events due within so long are written together; a write for each would spend its time on waiting. */
const TICK_MS = 20
/** Timers take no more than 24 days; a gap in scaled event time may be longer. */
const LONGEST_SLEEP_MS = 60_000

export interface ReplayRunOptions {
  readonly file: InputFile
  readonly mapping: Mapping
  readonly writer: EventWriter | null
  readonly rejects: RejectsFile
  /** Counted on from here, in place. */
  readonly counts: ReplayCounts
  readonly statePath: string | null
  readonly identity: Pick<Checkpoint, 'file' | 'mappingSha256'>
  readonly rate: Rate
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly batchEvents: number
  readonly onProgress: (progress: { bytesRead: number; bytes: number; counts: ReplayCounts }) => void
}

/** One pass over a file: read, pace, write, and only then remember how far it came. */
export class ReplayRun {
  readonly #options: ReplayRunOptions
  readonly #batch: EventBatch
  readonly #dueAt: DueAt
  /** After the last item taken; null where the file can't be taken up again. */
  #resume: Position | null = null

  constructor(options: ReplayRunOptions) {
    this.#options = options
    this.#batch = new EventBatch(options.batchEvents)
    this.#dueAt = pacer(options.rate)
  }

  async run(from: Position | undefined): Promise<'complete' | 'aborted'> {
    const { file, mapping, signal } = this.#options
    this.#resume = from ?? null
    for await (const items of readItems(file, mapping, from)) {
      for (const item of items) {
        if (signal.aborted || !(await this.#take(item))) return this.#abort()
      }
      this.#report()
    }
    await this.#flush(true)
    return 'complete'
  }

  /** @returns false when it was aborted before the item's time */
  async #take(item: ReplayItem): Promise<boolean> {
    const { counts, rejects } = this.#options
    if (item.kind === 'event') {
      if (!(await this.#waitFor(item.event))) return false
      if (!this.#batch.add(item.event)) {
        await this.#flush()
        this.#batch.add(item.event)
      }
    }
    count(counts, item)
    if (item.kind === 'reject') await rejects.add(item.rejected)
    this.#resume = item.resume
    if (this.#batch.isFull) await this.#flush()
    return true
  }

  async #waitFor({ event }: InputEvent): Promise<boolean> {
    const { rate, clock, signal } = this.#options
    if (rate.kind === 'max') return true
    const due = this.#dueAt(event.occurredAt, clock.now())
    if (due <= clock.now()) return true
    await this.#flush()
    for (let left = due - clock.now(); left > 0 && !signal.aborted; left = due - clock.now()) {
      await clock.sleep(Math.min(Math.max(left, TICK_MS), LONGEST_SLEEP_MS), signal)
    }
    return !signal.aborted
  }

  /** Writes the batch; when it is durable the progress moves. */
  async #flush(isComplete = false): Promise<void> {
    const { writer, rejects, statePath, identity, counts } = this.#options
    const events = this.#batch.drain()
    if (events.length > 0) await writer?.write(events)
    const rejectsBytes = await rejects.flush()
    if (statePath !== null && (this.#resume !== null || isComplete)) {
      const position = this.#resume ?? { offset: 0, line: 1 }
      await saveCheckpoint(statePath, { version: 1, ...identity, position, counts, rejectsBytes, isComplete })
    }
    this.#report()
  }

  async #abort(): Promise<'aborted'> {
    await this.#flush()
    return 'aborted'
  }

  #report(): void {
    const { file, counts, onProgress } = this.#options
    onProgress({ bytesRead: file.bytesRead, bytes: file.identity.bytes, counts })
  }
}
