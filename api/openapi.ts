import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import { type TSchema, Type } from 'typebox'
import { TENANT_ID_PATTERN } from '../schemas/partition.ts'
import { TENANT_HEADER } from './access.ts'
import type { App } from './app.ts'
import { UNAUTHORIZED_ERROR } from './error-answer.ts'

const tenantHeaders = Type.Object({
  [TENANT_HEADER]: Type.Optional(
    Type.String({
      pattern: TENANT_ID_PATTERN.source,
      default: 'default',
      description: 'The tenant that is asked about; only where no keys are configured.',
    }),
  ),
})

export interface OpenApiOptions {
  readonly version: string
  /** Whether bearer keys are configured: otherwise the tenant comes from a header. */
  readonly keyed: boolean
}

interface QuerySchema {
  readonly properties: Readonly<Record<string, { readonly default?: unknown }>>
  readonly required?: readonly string[]
}

/** TypeBox requires what has a default, for it is there when a handler looks; callers may leave it out. */
function withOptionalDefaults(query: QuerySchema): QuerySchema {
  const required = (query.required ?? []).filter((name) => query.properties[name]?.default === undefined)
  return { ...query, required }
}

/** GET /v1/customers/:id/explain → getCustomersByIdExplain: what generated clients call it. */
function operationIdOf(method: string, url: string): string {
  const words = url
    .replace(/^\/v1\//, '')
    .replaceAll(':', 'by-')
    .split(/[^A-Za-z0-9]+/)
    .filter((word) => word !== '')
  return method.toLowerCase() + words.map((word) => word[0]!.toUpperCase() + word.slice(1)).join('')
}

/** Describes every route that is registered after it, at /openapi.json and for people at /docs. */
export async function installOpenApi(app: App, { version, keyed }: OpenApiOptions): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'everscore',
        version,
        description:
          'What is known of every customer now: features, lead score, churn risk and the reasons. Errors have one format: code, message, details and the request id.',
        license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
      },
      servers: [{ url: '/' }],
      tags: [
        { name: 'customers', description: 'Customers by id.' },
        { name: 'lists', description: 'Customers in order.' },
        { name: 'results', description: 'NPS and cross-sell in windows of event time.' },
        { name: 'models', description: 'What scores, and how it was learned.' },
        { name: 'operations', description: 'How the installation does.' },
      ],
      ...(keyed
        ? {
            components: { securitySchemes: { bearerKey: { type: 'http', scheme: 'bearer' } } },
            security: [{ bearerKey: [] }],
          }
        : {}),
    },
    refResolver: { buildLocalReference: (json, _base, _fragment, i) => String(json['$id'] ?? `schema-${i}`) },
    transform: ({ schema, url, route: { method } }) => {
      // Only documented: access.ts reads the header, and ignores it where keys say whose customers these are.
      const headers = keyed || !url.startsWith('/v1/') ? {} : { headers: tenantHeaders as TSchema }
      const query = schema?.querystring
      const querystring = query === undefined ? {} : { querystring: withOptionalDefaults(query as QuerySchema) }
      return { url, schema: { ...schema, operationId: operationIdOf(String(method), url), ...querystring, ...headers } }
    },
  })
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    uiConfig: { defaultModelsExpandDepth: 0 },
    theme: { title: 'everscore', css: [{ filename: 'theme.css', content: '.swagger-ui .topbar { display: none }' }] },
  })
  app.get('/', { config: { access: 'local' }, schema: { hide: true } }, (_request, reply) => reply.redirect('/docs'))
  app.get(
    '/openapi.json',
    {
      config: { access: 'local' },
      schema: {
        tags: ['operations'],
        summary: 'This description',
        response: {
          200: { description: 'OpenAPI 3.1.', content: { 'application/json': { schema: { type: 'object' } } } },
          ...UNAUTHORIZED_ERROR,
        },
      },
    },
    // The type of the answer is OpenAPI's own, and must not be cut by a serializer of ours.
    async (_request, reply) => reply.serializer(JSON.stringify).send(app.swagger()),
  )
}
