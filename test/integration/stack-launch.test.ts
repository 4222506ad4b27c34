import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { artifactFolder, fetchArtifacts } from '../../connectors/stack/artifacts.ts'
import { askProgram } from '../../connectors/stack/ask-program.ts'
import { type DataFolder, openDataFolder } from '../../connectors/stack/data-folder.ts'
import { findJava } from '../../connectors/stack/find-java.ts'
import { findProgram } from '../../connectors/stack/find-program.ts'
import { kafkaServer } from '../../connectors/stack/kafka-server.ts'
import { launchServer } from '../../connectors/stack/launch-server.ts'
import { redisBinary, redisServer } from '../../connectors/stack/redis-server.ts'
import { registryServer } from '../../connectors/stack/registry-server.ts'
import type { ServerDefinition } from '../../connectors/stack/server-definition.ts'
import { serverEnvironment } from '../../connectors/stack/server-environment.ts'
import type { ServerName } from '../../connectors/stack/types.ts'
import { withRedis } from './stack-clients.ts'

const env = serverEnvironment(process.env)
let cache: string
let folder: DataFolder

beforeEach(async () => {
  cache = mkdtempSync(join(tmpdir(), 'everscore-test-'))
  folder = await openDataFolder({ madeBy: 'java' })
})

afterEach(() => {
  folder.close()
  rmSync(cache, { recursive: true, force: true })
})

async function definitions(): Promise<ServerDefinition[]> {
  await fetchArtifacts(['kafka', 'registry', 'redis'], {
    env: process.env,
    maven: findProgram('mvn', env),
    log: () => {},
  })
  const java = await findJava(env)
  if ('reason' in java) throw new Error(java.reason)
  const artifacts = (name: ServerName) => artifactFolder(name, process.env)
  const jvm = { java: java.program, heapMb: 256, properties: {}, clusterId: folder.clusterId }
  return [
    kafkaServer({ ...jvm, artifacts: artifacts('kafka') }),
    registryServer({ ...jvm, artifacts: artifacts('registry') }),
    redisServer({ program: redisBinary(artifacts('redis')) ?? '', kind: 'java', keepsData: false }),
  ]
}

test.each([0, 1, 2])('a free port that somebody else takes first is replaced (server %i)', async (index) => {
  const definition = (await definitions())[index]!
  const blockers: Server[] = []
  const taken: number[] = []
  const contested: ServerDefinition = {
    ...definition,
    prepare: async (context) => {
      if (blockers.length === 0) blockers.push(await block(context.port))
      taken.push(context.port)
      return definition.prepare(context)
    },
  }
  try {
    const server = await launchServer({
      definition: contested,
      port: undefined,
      folder,
      env,
      onUnexpectedEnd: () => {},
    })
    expect(taken).toHaveLength(2)
    expect(server.address).toContain(`:${taken[1]}`)
    await server.stop()
  } finally {
    for (const blocker of blockers) await new Promise((resolve) => blocker.close(resolve))
  }
})

describe('with an empty cache', () => {
  test('two processes that start at once download a set once, and it runs', async () => {
    const lines: string[] = []
    const options = {
      env: { ...env, EVERSCORE_CACHE: cache },
      maven: findProgram('mvn', env),
      log: (line: string) => void lines.push(line),
    }
    await Promise.all([fetchArtifacts(['redis'], options), fetchInOtherProcess(options.env)])
    expect(readdirSync(cache)).toEqual(['embedded-redis-1.4.3'])

    const program = redisBinary(artifactFolder('redis', options.env)) ?? ''
    const definition = redisServer({ program, kind: 'java', keepsData: true })
    const server = await launchServer({ definition, port: undefined, folder, env, onUnexpectedEnd: () => {} })
    expect(await withRedis(server.address, (redis) => redis.ping())).toBe('PONG')
    await server.stop()
  })

  test('a download that fails leaves no set behind and says why', async () => {
    const options = {
      env: { ...env, EVERSCORE_CACHE: cache, JAVA_HOME: cache },
      maven: findProgram('mvn', env),
      log: () => {},
    }
    await expect(fetchArtifacts(['redis'], options)).rejects.toMatchObject({
      code: 'STACK_UNAVAILABLE',
      message: expect.stringContaining('JAVA_HOME'),
    })
    expect(existsSync(artifactFolder('redis', options.env))).toBe(false)
    expect(readdirSync(cache)).toEqual(['fetching'])
  })
})

async function fetchInOtherProcess(env: NodeJS.ProcessEnv): Promise<void> {
  const module = new URL('../../connectors/stack/artifacts.ts', import.meta.url)
  const maven = JSON.stringify(findProgram('mvn', env))
  const code = `const { fetchArtifacts } = await import('${module}')
    await fetchArtifacts(['redis'], { env: process.env, maven: ${maven}, log: console.log })`
  const { ok, text } = await askProgram(process.execPath, ['--input-type=module', '-e', code], {
    env,
    timeoutMs: 100_000,
  })
  if (!ok) throw new Error(text)
}

function block(port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy())
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => resolve(server))
  })
}
