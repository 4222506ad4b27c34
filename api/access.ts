import { createHash } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import { AppError } from '../schemas/errors.ts'
import { TENANT_ID_PATTERN } from '../schemas/partition.ts'
import type { App } from './app.ts'

/**
 * Who may ask, where keys are configured:
 * - key: whoever has a bearer key, and only about the key's tenant; what a route is that doesn't say otherwise;
 * - local: callers on this machine, and whoever has a key: figures and pages without customers in them;
 * - open: everybody: what load balancers ask.
 * Without keys the server listens on loopback only, and everything is open.
 */
export type Access = 'key' | 'local' | 'open'

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: Access
  }
  interface FastifyRequest {
    /** Whose customers the request is about; '' on routes that are not about customers. */
    tenantId: string
  }
}

export const TENANT_HEADER = 'x-tenant-id'
const DEFAULT_TENANT = 'default'
const LOOPBACK = /^(127\.\d+\.\d+\.\d+|::1|::ffff:127\.\d+\.\d+\.\d+)$/
/** The bundled documentation page brings routes of its own, without a config. */
const LOCAL_PREFIX = '/docs'

/** @param keys bearer key → tenant; null: none are configured, the tenant comes from the header X-Tenant-Id */
export function installAccess(app: App, keys: ReadonlyMap<string, string> | null): void {
  // Looked up by digest: how long that takes says nothing about a key.
  const tenants = keys && new Map([...keys].map(([key, tenantId]) => [digestOf(key), tenantId]))
  app.decorateRequest('tenantId', '')
  app.addHook('onRequest', async (request) => {
    const access = accessOf(request)
    if (tenants === null) {
      if (access === 'key') request.tenantId = tenantOfHeader(request)
      return
    }
    if (access === 'open' || (access === 'local' && isLocal(request))) return
    request.tenantId = tenantOfKey(request, tenants)
  })
}

function accessOf(request: FastifyRequest): Access {
  if (request.is404) return 'open'
  const { config, url = '' } = request.routeOptions
  return config.access ?? (url === LOCAL_PREFIX || url.startsWith(`${LOCAL_PREFIX}/`) ? 'local' : 'key')
}

function tenantOfHeader(request: FastifyRequest): string {
  const tenantId = request.headers[TENANT_HEADER] ?? DEFAULT_TENANT
  if (typeof tenantId === 'string' && TENANT_ID_PATTERN.test(tenantId)) return tenantId
  throw new AppError('INPUT_INVALID', `X-Tenant-Id must match ${TENANT_ID_PATTERN.source}`, {
    details: { field: 'X-Tenant-Id', in: 'header' },
  })
}

function tenantOfKey(request: FastifyRequest, tenants: ReadonlyMap<string, string>): string {
  const key = /^bearer +(\S+) *$/i.exec(request.headers.authorization ?? '')?.[1]
  if (key === undefined) throw new AppError('UNAUTHORIZED', 'a bearer key is needed: Authorization: Bearer <key>')
  const tenantId = tenants.get(digestOf(key))
  if (tenantId === undefined) throw new AppError('UNAUTHORIZED', 'the bearer key is unknown')
  return tenantId
}

/** A proxy on this machine calls from loopback for somebody else, and says so. */
function isLocal({ socket, headers }: FastifyRequest): boolean {
  const forwarded = headers['x-forwarded-for'] ?? headers['forwarded'] ?? headers['via']
  return forwarded === undefined && LOOPBACK.test(socket.remoteAddress ?? '')
}

function digestOf(key: string): string {
  return createHash('sha256').update(key).digest('base64')
}

/** Whether a server bound to this address can only be reached from its own machine. */
export function isLoopbackHost(host: string): boolean {
  return host === 'localhost' || LOOPBACK.test(host.replace(/^\[(.*)\]$/, '$1'))
}
