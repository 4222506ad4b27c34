import { type Static, Type } from 'typebox'
import { Check } from 'typebox/value'

/** A worker writes its report this often. */
export const REPORT_INTERVAL_MS = 2_000
/** An older report says nothing about now: its worker is taken for gone. */
export const REPORT_STALE_MS = 15_000

const Count = Type.Integer({ minimum: 0 })

const quantilesSchema = Type.Object(
  { p50Ms: Type.Number(), p95Ms: Type.Number(), p99Ms: Type.Number(), count: Count },
  { description: 'Quantiles of the last minute; all 0 where count is 0.' },
)

/** Where one task stands in one input topic. `position` is the next offset to process, `end` the next to be written. */
const lagSchema = Type.Object({
  topic: Type.String(),
  partition: Count,
  position: Type.Integer(),
  end: Type.Integer(),
})

const taskSchema = Type.Object({
  partition: Count,
  state: Type.Union([
    Type.Literal('restoring'),
    Type.Literal('running'),
    Type.Literal('paused'),
    Type.Literal('waiting'),
  ]),
  restore: Type.Optional(
    Type.Object(
      {
        from: Type.Number(),
        to: Type.Number(),
        position: Type.Number(),
        seconds: Type.Optional(Type.Number({ description: 'How long it has been under way.' })),
      },
      { description: 'Offsets of the changelog: where the restore began, ends and is.' },
    ),
  ),
  failure: Type.Optional(
    Type.Object({ code: Type.String(), message: Type.String() }, { description: 'Why it is waiting or paused.' }),
  ),
  refreshes: Type.Optional(
    Type.Array(
      Type.Object({
        tenantId: Type.String(),
        looked: Count,
        of: Type.Union([Count, Type.Null()], { description: 'null: not begun.' }),
      }),
      {
        description: 'Tenants whose stored scores are being made anew, and how many of their customers were looked at.',
      },
    ),
  ),
  lag: Type.Array(lagSchema),
  timers: Type.Optional(
    Type.Object(
      {
        pending: Count,
        overdueMs: Type.Number({
          minimum: 0,
          description: "How long the first timer that is due has waited, by its tenant's clock.",
        }),
      },
      { description: 'Of quiet customers; only while the task is running.' },
    ),
  ),
})

/** What a worker says of itself every REPORT_INTERVAL_MS in the Redis hash `workers`. */
export const workerReportSchema = Type.Object({
  workerId: Type.String({ minLength: 1 }),
  at: Type.Number({ description: "The worker's clock, milliseconds since 1970." }),
  version: Type.String(),
  tasks: Type.Array(taskSchema, { description: 'Those that score customers.' }),
  aggregateTasks: Type.Optional(Type.Array(taskSchema, { description: 'Those that count windows and populations.' })),
  aggregates: Type.Optional(
    Type.Object(
      { batches: Count, results: Count, takeovers: Count, restoredEntries: Count },
      { description: 'What aggregate tasks did since the worker started.' },
    ),
  ),
  events: Type.Object(
    {
      scored: Count,
      changes: Count,
      deadLetters: Type.Record(Type.String(), Count, { description: 'By reason.' }),
      duplicates: Count,
      lost: Type.Optional(Count),
      examples: Type.Optional(Count),
      outcomesWithoutExample: Type.Optional(Count),
      refreshed: Type.Optional(Count),
      timers: Type.Optional(Type.Integer({ minimum: 0, description: 'Timers by which something moved.' })),
      failedTimers: Type.Optional(Count),
    },
    { description: 'Counted since the worker started.' },
  ),
  memory: Type.Optional(
    Type.Object(
      { rss: Count, heapUsed: Count, external: Count, arrayBuffers: Count },
      { description: 'Bytes, as process.memoryUsage() counts them.' },
    ),
  ),
  latency: Type.Object({
    ingestToScore: quantilesSchema,
    ingestToVisible: quantilesSchema,
  }),
})

export type WorkerReport = Static<typeof workerReportSchema>
export type WorkerTask = Static<typeof taskSchema>
export type LatencyQuantiles = Static<typeof quantilesSchema>
export { quantilesSchema as latencyQuantilesSchema }

/** The report in a value of the hash; undefined for one that this version can't read (a worker of another version). */
export function parseWorkerReport(json: string): WorkerReport | undefined {
  let report: unknown
  try {
    report = JSON.parse(json)
  } catch {
    return undefined
  }
  return Check(workerReportSchema, report) ? report : undefined
}
