import { AppError } from '../schemas/errors.ts'
import { isLoopbackHost } from './access.ts'
import { type ApiDeps, buildApi } from './build.ts'

export interface ApiServerOptions {
  readonly host: string
  /** 0: a free one. */
  readonly port: number
}

export interface ApiServer {
  /** With the port that it really has. */
  readonly url: string
  /** Takes no new requests, and resolves when those under way are answered. May be called again. */
  close(): Promise<void>
}

/**
 * Serves the query API. Without keys anybody who reaches it may read everything: then only loopback is accepted.
 * @throws AppError CONFIG_INVALID, PORT_IN_USE
 */
export async function startApi(deps: ApiDeps, { host, port }: ApiServerOptions): Promise<ApiServer> {
  if (deps.keys === null && !isLoopbackHost(host)) {
    throw new AppError('CONFIG_INVALID', `HOST ${host} is not loopback: set EVERSCORE_API_KEYS, or HOST to 127.0.0.1`, {
      details: { field: 'HOST' },
    })
  }
  const app = await buildApi(deps)
  try {
    const url = await app.listen({ host, port })
    return { url, close: () => app.close() }
  } catch (error) {
    await app.close()
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    throw new AppError('PORT_IN_USE', `port ${port} of ${host} is taken`, { cause: error, details: { host, port } })
  }
}
