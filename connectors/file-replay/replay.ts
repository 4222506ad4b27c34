import { loadCheckpoint } from './checkpoint.ts'
import { type Clock, systemClock } from './clock.ts'
import type { EventWriter } from './event-writer.ts'
import { InputFile } from './input-file.ts'
import type { Mapping } from './mapping.ts'
import { mappingHash } from './parse-mapping.ts'
import type { Rate } from './rate.ts'
import { RejectsFile } from './rejects-file.ts'
import { noCounts, type ReplayCounts } from './replay-counts.ts'
import { ReplayRun } from './replay-run.ts'

export interface ReplayOptions {
  readonly path: string
  readonly mapping: Mapping
  /** Null: a dry run, which counts and rejects, writes no event and keeps no progress. */
  readonly writer: EventWriter | null
  /** As fast as the writer takes them when left out. */
  readonly rate?: Rate
  /** Aborting ends the replay after the batch at hand. */
  readonly signal?: AbortSignal
  readonly clock?: Clock
  /** `<path>.everscore-progress` when left out. */
  readonly statePath?: string
  /** `<path>.rejected.ndjson` when left out (`<path>.dry-run.rejected.ndjson` of a dry run). */
  readonly rejectsPath?: string
  /** Ignores the progress of an earlier replay and begins at the file's beginning. */
  readonly restart?: boolean
  /** Events written together, 2,000 when left out. */
  readonly batchEvents?: number
  readonly onProgress?: (progress: ReplayProgress) => void
}

export interface ReplayProgress {
  /** Of the file as it lies on the disk, compressed or not. */
  readonly bytesRead: number
  readonly bytes: number
  readonly counts: Readonly<ReplayCounts>
}

export interface ReplayReport extends Readonly<ReplayCounts> {
  readonly path: string
  readonly mapping: string
  /** `complete-before`: an earlier replay had reached the end, nothing was written. */
  readonly ended: 'complete' | 'aborted' | 'complete-before'
  /** Physical line at which an earlier replay was taken up; its counts are included. */
  readonly resumedAtLine: number | null
  readonly rejectsPath: string
}

/**
 * Writes the events of a file, in the file's order. At least once: what a crash interrupts is taken up at the last batch
 * known to be durable, so that one batch at most is written twice, with the same event ids (more than one only where
 * lines of groups are interleaved). The customer task drops events it has seen.
 * @throws AppError INPUT_INVALID when the file can't be read to its end; CONFIG_INVALID when the mapping, or progress of
 * an earlier replay, doesn't fit the file; what the writer throws. What was durable until then stays known.
 */
export async function replayFile(options: ReplayOptions): Promise<ReplayReport> {
  const { path, mapping, writer } = options
  const isDryRun = writer === null
  const file = await InputFile.open(path)
  const identity = { file: file.identity, mappingSha256: mappingHash(mapping) }
  const statePath = isDryRun ? null : (options.statePath ?? `${path}.everscore-progress`)
  const rejectsPath = options.rejectsPath ?? `${path}${isDryRun ? '.dry-run' : ''}.rejected.ndjson`
  const before = statePath === null || options.restart === true ? null : await loadCheckpoint(statePath, identity)
  const facts = { path, mapping: mapping.name, resumedAtLine: before?.position.line ?? null, rejectsPath }
  if (before?.isComplete === true) return { ...before.counts, ...facts, ended: 'complete-before' }

  const rejects = await RejectsFile.open(rejectsPath, before?.rejectsBytes ?? 0)
  const counts: ReplayCounts = before?.counts ?? noCounts()
  try {
    const run = new ReplayRun({
      file,
      mapping,
      writer,
      rejects,
      counts,
      statePath,
      identity,
      rate: options.rate ?? { kind: 'max' },
      clock: options.clock ?? systemClock,
      signal: options.signal ?? new AbortController().signal,
      batchEvents: options.batchEvents ?? 2000,
      onProgress: options.onProgress ?? (() => {}),
    })
    const ended = await run.run(before?.position)
    return { ...counts, ...facts, ended }
  } finally {
    await rejects.close()
  }
}
