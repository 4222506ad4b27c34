import { join } from 'node:path'
import type { ServerDefinition } from './server-definition.ts'

export interface RegistryServerOptions {
  readonly java: string
  readonly artifacts: string
}

/** Apicurio Registry, asked over its Confluent-compatible interface. */
export function registryServer({ java, artifacts }: RegistryServerOptions): ServerDefinition {
  const address = (port: number) => `http://127.0.0.1:${port}/apis/ccompat/v7`
  return {
    name: 'registry',
    kind: 'java',
    address,
    prepare: async ({ folder, port }) => ({
      command: java,
      args: ['-Xmx256m', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-jar', jarIn(artifacts)],
      graceMs: 15_000,
      env: {
        QUARKUS_HTTP_HOST: '127.0.0.1',
        QUARKUS_HTTP_PORT: String(port),
        QUARKUS_LOG_LEVEL: 'WARN',
        QUARKUS_HTTP_ACCESS_LOG_ENABLED: 'false',
        APICURIO_STORAGE_KIND: 'sql',
        APICURIO_STORAGE_SQL_KIND: 'h2',
        // Records in Kafka carry schema ids for good, so an id once given must be on disk (WRITE_DELAY=0) before any
        // producer can have used it, and lives in the same data folder as the records.
        APICURIO_DATASOURCE_URL: `jdbc:h2:file:${join(folder, 'registry').replaceAll('\\', '/')};WRITE_DELAY=0`,
      },
    }),
    answers: async (port) => (await fetch(`${address(port)}/subjects`, { signal: AbortSignal.timeout(5_000) })).ok,
  }
}

function jarIn(artifacts: string): string {
  return join(artifacts, 'apicurio-registry-app-3.0.9-runner.jar')
}
