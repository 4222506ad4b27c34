import { dirname } from 'node:path'
import { DockerComposeEnvironment, Wait } from 'testcontainers'
import { composeFile, findDocker } from '../../connectors/stack/docker.ts'
import { freePort } from '../../connectors/stack/free-port.ts'
import type { Servers } from './servers.ts'

/** The servers in containers, of the same docker-compose.yml, when EVERSCORE_TEST_DOCKER=1 asks for it; else null. */
export async function startContainers(env: NodeJS.ProcessEnv): Promise<(Servers & { stop(): Promise<void> }) | null> {
  if (env['EVERSCORE_TEST_DOCKER'] !== '1') return null
  const docker = await findDocker(env)
  if (typeof docker === 'string') throw new Error(`EVERSCORE_TEST_DOCKER=1 asks for Docker, but ${docker}`)
  const [kafka, registry, redis] = [await freePort(), await freePort(), await freePort()]
  const environment = await new DockerComposeEnvironment(dirname(composeFile()), 'docker-compose.yml')
    .withEnvironment({ KAFKA_PORT: String(kafka), REGISTRY_PORT: String(registry), REDIS_PORT: String(redis) })
    .withDefaultWaitStrategy(Wait.forHealthCheck())
    .up()
  return {
    kafkaBrokers: `127.0.0.1:${kafka}`,
    schemaRegistryUrl: `http://127.0.0.1:${registry}/apis/ccompat/v7`,
    redisUrl: `redis://127.0.0.1:${redis}`,
    stop: async () => void (await environment.down()),
  }
}
