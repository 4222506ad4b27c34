import type { AppError } from '../schemas/errors.ts'
import { checkRun, type RunToCheck } from './check-run.ts'
import type { DemoDeps } from './demo-deps.ts'
import type { DemoOptions } from './demo-options.ts'
import { type DemoReport, demoReport } from './demo-report.ts'
import { feedLog } from './feed-log.ts'
import { type Installation, startInstallation } from './installation.ts'
import { measureLatency } from './measure-latency.ts'
import { count, movesLine, progressLine } from './progress.ts'
import { nothingSent } from './send-events.ts'
import { serve } from './serve.ts'
import { untilJudged, untilRefreshed } from './settle-models.ts'
import { openStage, type Stage } from './stage.ts'
import { steadyEvents } from './steady-events.ts'
import type { Terminal } from './terminal.ts'
import { untilStill } from './until-still.ts'

const STEADY_EVENTS = 2_000
const SHOWN_MISMATCHES = 10

/** The whole demo; whatever happens, nothing that it started is left. @returns the report of `--once`, else null */
export async function playDemo(options: DemoOptions, deps: DemoDeps): Promise<DemoReport | null> {
  const { env, everscore, terminal, stopping, runtime } = deps
  const onFailure = (error: AppError): void => stopping.abort(error)
  const say = (line: string): void => terminal.say(line)
  say(intro(options))
  const installation = await startInstallation({ env, everscore, runtime, say, signal: stopping.signal, onFailure })
  try {
    const stage = await openStage(installation.target, { runtime, onFailure, say })
    try {
      return await perform(stage, installation, { ...deps, options })
    } finally {
      await stage.close()
    }
  } finally {
    say('stopping')
    await installation.stop()
  }
}

async function perform(
  stage: Stage,
  installation: Installation,
  deps: DemoDeps & { readonly options: DemoOptions },
): Promise<DemoReport | null> {
  const { options, terminal, stopping, runtime } = deps
  const { results, sink } = stage
  const { signal } = stopping
  const sent = nothingSent()
  const progress = (): string => progressLine(sent, results)
  terminal.say()
  const faults = await terminal.during(progress, feedLog(stage, options, { sent, signal }))
  const scored = results.scored
  const seconds = (results.lastScoredAt - sent.beganAt) / 1_000
  const eventsPerSecond = Math.round(scored / seconds)
  terminal.say(`${count(scored)} events scored in ${seconds.toFixed(1)} s, ${count(eventsPerSecond)} a second`)
  terminal.say(
    `${count(results.quiet)} times a customer was told of because nothing came: gone quiet, by the log's own time`,
  )
  terminal.say(`moves: ${movesLine(results)}`)
  if (!options.once) {
    await serve(stage, installation, deps)
    return null
  }
  await untilJudged(stage, sent, signal)
  // No more models: latency is that of scoring alone, and the books find the stored scores made by what serves.
  await installation.stopTrainer()
  await untilRefreshed(stage, signal)
  const more = steadyEvents({
    count: STEADY_EVENTS,
    seed: options.seed,
    customers: sent.customers,
    after: sent.newestAt,
  })
  terminal.say(`${count(more.length)} more at 200 a second, to measure latency`)
  const latency = await measureLatency({ sink, results, events: more, sent, signal })
  terminal.say(`from producer to committed score: p50 ${latency.p50Ms} ms, p99 ${latency.p99Ms} ms`)
  await untilStill(stage, signal)
  await deps.beforeBooks?.(stage)
  return demoReport(
    await check(stage, terminal, { options, priors: runtime.priors, sent, faults, more }),
    latency,
    eventsPerSecond,
  )
}

async function check(stage: Stage, terminal: Terminal, run: RunToCheck): ReturnType<typeof checkRun> {
  terminal.say('checking the books: every event, every customer in Redis, 500 customers recomputed from the files')
  const books = await checkRun(stage, run)
  const records = Object.values(books.inputs).reduce((sum, each) => sum + each, 0)
  const { scored, duplicates, deadLetters, mismatches, recomputed, customers, swaps, recomputedAtSwaps } = books
  terminal.say(
    `${count(records)} records = ${count(scored)} scored + ${duplicates} duplicates + ${deadLetters} dead letters; ` +
      `${count(customers)} customers, ${count(recomputed)} recomputed; models swapped ${swaps} times, ` +
      `${count(recomputedAtSwaps)} records around it recomputed; ${mismatches.length} mismatches`,
  )
  for (const mismatch of mismatches.slice(0, SHOWN_MISMATCHES)) terminal.say(`  mismatch: ${mismatch}`)
  return books
}

function intro({ seed, limit }: DemoOptions): string {
  const some =
    limit === null ? '541,909 lines, 25,900 invoices' : `its first ${count(limit)} invoices of known customers`
  return `everscore demo: every customer scored again at every event

Real:      the Online Retail log of a British gift shop, 2010-12 to 2011-12 (${some})
Simulated: visits, mails, complaints, survey answers and what became of leads around those customers (seed ${seed}), tagged
           simulated: 'true'; models learn from it as it comes, and take over when they are better
`
}
