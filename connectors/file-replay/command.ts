import { AppError, messageOf } from '../../schemas/errors.ts'
import { type Clock, systemClock } from './clock.ts'
import { HELP, parseReplayArgs, type ReplayCommandOptions } from './command-options.ts'
import type { EventWriter } from './event-writer.ts'
import { InputFile } from './input-file.ts'
import type { Mapping } from './mapping.ts'
import { withTenant } from './parse-mapping.ts'
import { type ProgressOutput, ProgressReporter } from './progress.ts'
import { replayFile } from './replay.ts'
import { findMapping } from './shipped-mappings.ts'
import { summarize } from './summary.ts'

export interface ReplayCommandDeps {
  /** Called once, and not for a dry run; the command closes what it gets. */
  readonly writer: () => Promise<EventWriter>
  readonly stdout: { write(text: string): unknown }
  readonly stderr: ProgressOutput
  readonly clock?: Clock
  /** Aborting stops after the batch at hand; the progress is kept. */
  readonly signal?: AbortSignal
}

const EXIT = { done: 0, failed: 1, stopped: 130 } as const

/**
 * `everscore replay`; all but its help goes to stderr.
 * @returns the exit code: 0, 1 failed, 130 stopped
 * @throws AppError USAGE; CONFIG_INVALID naming what is wrong with the mapping
 */
export async function runReplayCommand(args: readonly string[], deps: ReplayCommandDeps): Promise<number> {
  const options = parseReplayArgs(args)
  if (options === null) {
    deps.stdout.write(HELP)
    return EXIT.done
  }
  let mapping = await findMapping(options.mapping)
  if (options.tenant !== undefined) mapping = withTenant(mapping, options.tenant)
  let writer: EventWriter | null = null
  try {
    // All before Kafka: the last file shouldn't turn out to be missing after hours.
    for (const path of options.paths) await InputFile.open(path)
    writer = options.isDryRun ? null : await deps.writer()
    return await replayAll(options, deps, { mapping, writer })
  } catch (error) {
    return fail(error, deps)
  } finally {
    await writer?.close()
  }
}

async function replayAll(
  options: ReplayCommandOptions,
  { stderr, signal, clock = systemClock }: ReplayCommandDeps,
  { mapping, writer }: { readonly mapping: Mapping; readonly writer: EventWriter | null },
): Promise<number> {
  const { paths, rate, batchEvents, restart, statePath, rejectsPath } = options
  for (const path of paths) {
    const progress = new ProgressReporter(stderr, clock, path)
    try {
      const report = await replayFile({
        path,
        mapping,
        writer,
        rate,
        batchEvents,
        restart,
        clock,
        onProgress: (each) => progress.update(each),
        ...(signal === undefined ? {} : { signal }),
        ...(statePath === undefined ? {} : { statePath }),
        ...(rejectsPath === undefined ? {} : { rejectsPath }),
      })
      progress.clear()
      stderr.write(summarize(report))
      if (report.ended === 'aborted') return EXIT.stopped
    } finally {
      progress.clear()
    }
  }
  return EXIT.done
}

function fail(error: unknown, { stderr }: ReplayCommandDeps): number {
  const { code: name, retryable } = error instanceof AppError ? error : { code: 'INTERNAL', retryable: false }
  const hint = retryable ? '; the same command goes on from the last durable batch' : ''
  stderr.write(`replay: ${messageOf(error)} (${name})${hint}\n`)
  return EXIT.failed
}
