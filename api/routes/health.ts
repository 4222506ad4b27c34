import { type Static, Type } from 'typebox'
import { AppError } from '../../schemas/errors.ts'
import type { App } from '../app.ts'
import type { CustomerLookup } from '../customer-lookup.ts'
import { NOT_READY_ERROR } from '../error-answer.ts'
import { sendError } from '../error-handling.ts'
import { healthExample } from '../examples.ts'
import { notReady } from '../http-error.ts'
import {
  freshReports,
  hasOtherPartitions,
  lagsOf,
  type Owned,
  ownersOf,
  unownedOf,
  waitingFor,
} from '../installation-state.ts'

export interface HealthRouteDeps {
  readonly lookup: CustomerLookup
  readonly partitions: number
  readonly now: () => number
  readonly version: string
}

const workerSchema = Type.Object({
  workerId: Type.String(),
  version: Type.String(),
  ageMs: Type.Integer({ description: 'How old its last report is.' }),
  partitions: Type.Array(Type.Integer()),
})
const failingSchema = Type.Array(
  Type.Object({ partition: Type.Integer(), state: Type.String(), code: Type.String() }),
  { description: 'Partitions that stand still, and the code of the error that stopped them.' },
)
const aggregatesSchema = Type.Object(
  {
    state: Type.String({ description: 'up, down (no live worker counts), or unknown.' }),
    partitions: Type.Array(
      Type.Object({
        partition: Type.Integer(),
        state: Type.String(),
        workerId: Type.String(),
        lag: Type.Integer({ description: 'Changes that are not counted yet, records.' }),
      }),
    ),
    unowned: Type.Array(Type.Integer(), { description: 'Partitions in which no live worker counts.' }),
    rebuilding: Type.Array(Type.Integer(), { description: 'Partitions whose results are being rebuilt.' }),
    failing: failingSchema,
  },
  { description: 'Windows and populations.' },
)
const healthSchema = Type.Object(
  {
    status: Type.String({ description: 'ok, or degraded: alive, but something it needs is away.' }),
    version: Type.String(),
    dependencies: Type.Object({
      redis: Type.Object({ state: Type.String({ description: 'up or down.' }), code: Type.Optional(Type.String()) }),
      workers: Type.Object({
        state: Type.String({ description: 'up, down (no live worker), or unknown.' }),
        live: Type.Array(workerSchema),
        unowned: Type.Array(Type.Integer(), { description: 'Partitions without a live worker.' }),
        rebuilding: Type.Array(Type.Integer(), { description: 'Partitions whose customers are being rebuilt.' }),
        failing: failingSchema,
        unreadable: Type.Array(Type.String(), { description: 'Workers whose reports this version cannot read.' }),
      }),
      aggregates: aggregatesSchema,
    }),
  },
  {
    examples: [healthExample],
  },
)
type Health = Static<typeof healthSchema>

const readySchema = Type.Object({ ready: Type.Boolean() }, { examples: [{ ready: true }] })

/** What a supervisor (health) and a load balancer (ready) ask. Both answer at once, also while Redis is away. */
export function healthRoutes(app: App, deps: HealthRouteDeps): void {
  app.get(
    '/health',
    {
      config: { access: 'open' },
      schema: {
        tags: ['operations'],
        security: [],
        summary: 'Alive, and the state of what it depends on; always 200 while the process answers',
        response: { 200: healthSchema },
      },
    },
    () => healthOf(deps),
  )
  app.get(
    '/ready',
    {
      config: { access: 'open' },
      schema: {
        tags: ['operations'],
        security: [],
        summary: 'Whether lookups of every partition will be answered',
        response: { 200: readySchema, ...NOT_READY_ERROR },
      },
    },
    async (request, reply) => {
      const waits = await waitsOf(deps)
      if (waits.length === 0) return { ready: true }
      sendError(reply, notReady(waits, request.id))
      return reply
    },
  )
}

async function waitsOf({ lookup, partitions, now }: HealthRouteDeps): Promise<string[]> {
  try {
    return waitingFor(await lookup.installation(partitions), partitions, now())
  } catch (error) {
    if (error instanceof AppError && error.code === 'REDIS_UNAVAILABLE') return ['Redis to answer']
    throw error
  }
}

async function healthOf({ lookup, partitions, now, version }: HealthRouteDeps): Promise<Health> {
  let installation: Awaited<ReturnType<CustomerLookup['installation']>>
  try {
    installation = await lookup.installation(partitions)
  } catch (error) {
    const code = error instanceof AppError ? error.code : 'INTERNAL'
    const workers = { state: 'unknown', live: [], unowned: [], rebuilding: [], failing: [], unreadable: [] }
    const aggregates = { state: 'unknown', partitions: [], unowned: [], rebuilding: [], failing: [] }
    return { status: 'degraded', version, dependencies: { redis: { state: 'down', code }, workers, aggregates } }
  }
  const reports = freshReports(installation, now())
  const owners = ownersOf(reports)
  const counting = ownersOf(reports, 'aggregateTasks')
  const live = reports.map((report) => ({
    workerId: report.workerId,
    version: report.version,
    ageMs: Math.max(0, Math.round(now() - report.at)),
    partitions: report.tasks.map((task) => task.partition),
  }))
  const workers = {
    state: live.length > 0 ? 'up' : 'down',
    live,
    unowned: unownedOf(owners, partitions),
    rebuilding: [...installation.rebuilding],
    failing: failingOf(owners),
    unreadable: [...installation.unreadable],
  }
  const aggregates = {
    state: counting.size > 0 ? 'up' : 'down',
    partitions: countedBy(counting),
    unowned: unownedOf(counting, partitions),
    rebuilding: [...installation.resultsRebuilding],
    failing: failingOf(counting),
  }
  const isWhole =
    !hasOtherPartitions(installation, partitions) &&
    [workers, aggregates].every(
      ({ unowned, rebuilding, failing }) => unowned.length + rebuilding.length + failing.length === 0,
    )
  return { status: isWhole ? 'ok' : 'degraded', version, dependencies: { redis: { state: 'up' }, workers, aggregates } }
}

function failingOf(owners: ReadonlyMap<number, Owned>): Static<typeof failingSchema> {
  return [...owners.values()].flatMap(({ task: { partition, state, failure } }) =>
    failure === undefined ? [] : [{ partition, state, code: failure.code }],
  )
}

function countedBy(counting: ReadonlyMap<number, Owned>): Static<typeof aggregatesSchema>['partitions'] {
  const lags = Map.groupBy(lagsOf(counting), ({ partition }) => partition)
  return [...counting.values()]
    .map(({ task: { partition, state }, report: { workerId } }) => {
      const lag = (lags.get(partition) ?? []).reduce((sum, each) => sum + each.lag, 0)
      return { partition, state, workerId, lag }
    })
    .sort((one, other) => one.partition - other.partition)
}
