import { inject } from 'vitest'

/** Where the servers of this vitest run answer; the same for all test files, so every test uses names of its own. */
export interface Servers {
  readonly kafkaBrokers: string
  readonly schemaRegistryUrl: string
  readonly redisUrl: string
}

declare module 'vitest' {
  export interface ProvidedContext {
    servers: Servers
  }
}

export function servers(): Servers {
  return inject('servers')
}
