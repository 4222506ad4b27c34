import { AppError } from '../../schemas/errors.ts'
import { artifactFolder, fetchArtifacts } from './artifacts.ts'
import { type Choice, choose, missingServers } from './choose.ts'
import { type DataFolder, openDataFolder } from './data-folder.ts'
import { launchDocker } from './docker-stack.ts'
import { freePort, isFree } from './free-port.ts'
import { givenServer, untilGivenAnswers } from './given-server.ts'
import { kafkaServer } from './kafka-server.ts'
import { launchServer } from './launch-server.ts'
import { redisBinary, redisServer } from './redis-server.ts'
import { registryServer } from './registry-server.ts'
import type { ServerDefinition } from './server-definition.ts'
import { serverEnvironment } from './server-environment.ts'
import {
  ADDRESS_VARIABLES,
  type RunningServer,
  SERVER_NAMES,
  SERVER_TITLES,
  type ServerName,
  type Stack,
  type StackOptions,
} from './types.ts'

export type { RunningServer, ServerName, Stack, StackOptions } from './types.ts'

const DEFAULT_HEAP_MB = 512

/** Starts Kafka, the schema registry and Redis, as far as the environment gives no address, and waits until all answer. */
export async function startStack(options: StackOptions): Promise<Stack> {
  const env = options.env ?? process.env
  const log = options.log ?? (() => {})
  const missing = missingServers(env)
  const choice = await choose({ env, missing, only: options.only })
  await refuseTakenPorts(options.ports ?? {}, missing)
  const given = SERVER_NAMES.filter((name) => !missing.includes(name))
  for (const name of given) log(`${SERVER_TITLES[name]}: using ${ADDRESS_VARIABLES[name]}`)
  await Promise.all(given.map((name) => untilGivenAnswers(name, env[ADDRESS_VARIABLES[name]] ?? '', options.signal)))

  const givenServers = given.map((name) => givenServer(name, env[ADDRESS_VARIABLES[name]] ?? ''))
  if (choice.kind === 'given') return stackOf(givenServers, null)
  const folder = await openDataFolder({ dataDir: options.dataDir, madeBy: choice.kind, signal: options.signal })
  try {
    const started = await startMissing(choice, { ...options, env, log }, missing, folder)
    return stackOf([...givenServers, ...started], folder)
  } catch (error) {
    folder.close()
    throw error
  }
}

type Settled = StackOptions & Required<Pick<StackOptions, 'env' | 'log'>>

async function startMissing(
  choice: Exclude<Choice, { kind: 'given' }>,
  options: Settled,
  missing: readonly ServerName[],
  folder: DataFolder,
): Promise<RunningServer[]> {
  if (choice.kind === 'docker') {
    const ports = await portsFor(options.ports ?? {})
    options.log(`starting ${missing.join(', ')} with Docker (images are pulled once)`)
    const kafkaHeapMb = options.kafkaHeapMb ?? DEFAULT_HEAP_MB
    const env = serverEnvironment(options.env)
    return launchDocker({
      docker: choice.docker,
      names: missing,
      ports,
      folder,
      env,
      kafkaHeapMb,
      signal: options.signal,
    })
  }
  const { env, log, signal } = options
  const toFetch = missing.filter((name) => name !== 'redis' || choice.redis === null)
  await fetchArtifacts(toFetch, { env, maven: choice.maven, log, signal })
  return launchAll(
    missing.map((name) => definitionOf(name, choice, options, folder)),
    options,
    folder,
  )
}

/** All at once; if one fails, the others are stopped before its error goes out. */
async function launchAll(
  definitions: readonly ServerDefinition[],
  options: Settled,
  folder: DataFolder,
): Promise<RunningServer[]> {
  const failure = new AbortController()
  const signal = options.signal === undefined ? failure.signal : AbortSignal.any([options.signal, failure.signal])
  const env = serverEnvironment(options.env)
  const startedAt = performance.now()
  const launches = definitions.map(async (definition) => {
    const { name } = definition
    const port = options.ports?.[name]
    const onUnexpectedEnd = options.onUnexpectedEnd ?? (() => {})
    const server = await launchServer({ definition, port, folder, env, signal, onUnexpectedEnd })
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
    options.log(`${SERVER_TITLES[name]} answers at ${server.address} after ${seconds} s`)
    return server
  })
  try {
    return await Promise.all(launches)
  } catch (error) {
    failure.abort(error)
    const results = await Promise.allSettled(launches)
    await Promise.all(results.map((result) => (result.status === 'fulfilled' ? result.value.stop() : undefined)))
    throw error
  }
}

function definitionOf(
  name: ServerName,
  choice: Extract<Choice, { kind: 'java' }>,
  options: Settled,
  folder: DataFolder,
): ServerDefinition {
  const artifacts = artifactFolder(name, options.env)
  const java = choice.java ?? ''
  if (name === 'registry') return registryServer({ java, artifacts })
  if (name === 'redis') {
    const keepsData = !folder.isTemporary
    if (choice.redis !== null) return redisServer({ program: choice.redis, kind: 'native', keepsData })
    const program = redisBinary(artifacts)
    if (program !== null) return redisServer({ program, kind: 'java', keepsData })
    throw new AppError(
      'STACK_UNAVAILABLE',
      `no redis-server 6.2 or later is on the PATH, and there is none to download for ${process.platform} on ${process.arch}`,
    )
  }
  return kafkaServer({
    java,
    artifacts,
    clusterId: folder.clusterId,
    heapMb: options.kafkaHeapMb ?? DEFAULT_HEAP_MB,
    fullyCompiled: options.kafkaFullyCompiled ?? false,
    properties: options.kafkaProperties ?? {},
  })
}

async function refuseTakenPorts(
  ports: NonNullable<StackOptions['ports']>,
  missing: readonly ServerName[],
): Promise<void> {
  for (const name of missing) {
    const port = ports[name]
    if (port === undefined || (await isFree(port))) continue
    throw new AppError(
      'PORT_IN_USE',
      `port ${port}, asked for by --${name}-port, is in use: free it, ask for another or for none (a free one is taken then), ` +
        `or set ${ADDRESS_VARIABLES[name]} to use the server that runs there`,
      { details: { server: name, port } },
    )
  }
}

async function portsFor(asked: NonNullable<StackOptions['ports']>): Promise<Record<ServerName, number>> {
  const port = async (name: ServerName) => asked[name] ?? (await freePort())
  return { kafka: await port('kafka'), registry: await port('registry'), redis: await port('redis') }
}

function stackOf(servers: readonly RunningServer[], folder: DataFolder | null): Stack {
  const addressOf = (name: ServerName) => servers.find((server) => server.name === name)?.address ?? ''
  let stopped: Promise<void> | null = null
  const stop = async () => {
    try {
      await Promise.all(servers.map((server) => server.stop()))
    } finally {
      folder?.close()
    }
  }
  return {
    servers,
    kafkaBrokers: addressOf('kafka'),
    schemaRegistryUrl: addressOf('registry'),
    redisUrl: addressOf('redis'),
    env: () => Object.fromEntries(SERVER_NAMES.map((name) => [ADDRESS_VARIABLES[name], addressOf(name)])),
    stop: () => {
      stopped ??= stop()
      return stopped
    },
  }
}
