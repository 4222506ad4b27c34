import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import { type FastifyServerOptions, fastify } from 'fastify'
import type { Customer } from '../schemas/avro/customer.ts'
import { installAccess } from './access.ts'
import type { App } from './app.ts'
import { CUSTOMER_SCHEMAS } from './customer-answer.ts'
import type { CustomerLookup } from './customer-lookup.ts'
import { answerClientError, answerFrameworkError, installErrorHandling } from './error-handling.ts'
import type { Explain } from './explain.ts'
import type { ResultDeps } from './find-results.ts'
import { requestIdOf } from './http-error.ts'
import type { ModelDesk } from './model-desk.ts'
import { installOpenApi } from './openapi.ts'
import { checkQuery, parseQueryString } from './query-string.ts'
import { installRequestMetrics } from './request-metrics.ts'
import type { Rescorer } from './rescorer.ts'
import { RouteTable } from './route-table.ts'
import { crossSellRoutes } from './routes/cross-sell.ts'
import { crossSellMatrixRoute } from './routes/cross-sell-matrix.ts'
import { customerRoutes } from './routes/customers.ts'
import { healthRoutes } from './routes/health.ts'
import { metricsRoute } from './routes/metrics.ts'
import { modelRoutes } from './routes/models.ts'
import { npsRoute } from './routes/nps.ts'
import { shadowRoutes } from './routes/shadows.ts'
import { topRoute } from './routes/top.ts'
import { topicsRoute } from './routes/topics.ts'

export interface ApiDeps extends ResultDeps {
  readonly lookup: CustomerLookup
  /** The record in a value of the topic `customers`. */
  readonly decodeCustomer: (value: Buffer) => Customer | Promise<Customer>
  readonly rescorer: Rescorer
  readonly explain: Explain
  readonly models: ModelDesk
  /** Bearer key → tenant id; null: no keys are configured, and the server may listen on loopback only. */
  readonly keys: ReadonlyMap<string, string> | null
  /** Partitions of the data topics. */
  readonly partitions: number
  readonly now: () => number
  readonly version: string
  readonly logger?: FastifyServerOptions['logger']
}

/** A hundred of the longest ids, each byte percent-encoded, and the other headers: Node's 16 KiB would refuse them. */
const MAX_HEADER_BYTES = 192 * 1024

/** The query API, assembled: it answers `inject`, and listens when somebody calls `listen` (see server.ts). */
export async function buildApi(deps: ApiDeps): Promise<App> {
  const routes = new RouteTable()
  const app: App = fastify({
    logger: deps.logger ?? false,
    http: { maxHeaderSize: MAX_HEADER_BYTES },
    // Ids that are too long shall be told so, not be unknown routes.
    routerOptions: { maxParamLength: MAX_HEADER_BYTES, querystringParser: parseQueryString },
    genReqId: (request) => requestIdOf(request.headers['x-request-id']),
    frameworkErrors: (error, request, reply) => answerFrameworkError(routes, error, request, reply),
    clientErrorHandler: answerClientError,
    // Parameters are checked as they came: nothing is removed, so that a mistyped name is an error, not a surprise.
    ajv: { customOptions: { removeAdditional: false, coerceTypes: true } },
    return503OnClosing: true,
  }).withTypeProvider<TypeBoxTypeProvider>()
  const requestMetrics = installRequestMetrics(app)
  installErrorHandling(app, routes)
  installAccess(app, deps.keys)
  app.addHook('onRequest', async (request) => checkQuery(request.query))
  for (const schema of CUSTOMER_SCHEMAS) app.addSchema(schema)
  await installOpenApi(app, { version: deps.version, keyed: deps.keys !== null })
  customerRoutes(app, deps)
  modelRoutes(app, deps)
  shadowRoutes(app, deps)
  topRoute(app, deps)
  npsRoute(app, deps)
  crossSellRoutes(app, deps)
  crossSellMatrixRoute(app, deps)
  topicsRoute(app, deps)
  healthRoutes(app, deps)
  metricsRoute(app, { ...deps, requestMetrics })
  await app.ready()
  return app
}
