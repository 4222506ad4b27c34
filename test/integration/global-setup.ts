import type { TestProject } from 'vitest/node'
import { startStack } from '../../connectors/stack/stack.ts'
import { startContainers } from './containers.ts'
import type { Servers } from './servers.ts'

/** One Kafka, one registry and one Redis for the whole run; vitest calls the returned function at its end. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const running = (await startContainers(process.env)) ?? (await startEmbedded())
  const { kafkaBrokers, schemaRegistryUrl, redisUrl } = running
  project.provide('servers', { kafkaBrokers, schemaRegistryUrl, redisUrl })
  return () => running.stop()
}

function startEmbedded(): Promise<Servers & { stop(): Promise<void> }> {
  return startStack({ log: (line) => process.stderr.write(`stack: ${line}\n`) })
}
