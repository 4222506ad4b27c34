import { parseCommandArgs, usageError } from '../../schemas/command-args.ts'
import { AppError, messageOf } from '../../schemas/errors.ts'
import { startStack } from './stack.ts'
import type { ServerName, Stack } from './types.ts'

const HELP = `everscore stack: start Apache Kafka, a schema registry and Redis, and keep them until stopped

Usage: everscore stack [options]

  --data DIR            keep topics, schemas and keys in DIR between runs (default: a temporary folder, removed at the end)
  --kafka-port N        ports to use instead of free ones
  --registry-port N
  --redis-port N
  --with docker|java    leave the other way out
  --help                this text

Addresses in KAFKA_BROKERS, SCHEMA_REGISTRY_URL and REDIS_URL are used as they are; what is missing is started with Docker
if an engine runs, else with Java 17 or later and Maven (which downloads the servers once, 180 MB, into EVERSCORE_CACHE,
default ~/.cache/everscore). When all answer, their addresses are printed on standard output as lines for a .env file.
Ctrl-C stops them; so does the end of this process for any other reason.
`

/**
 * Resolves to the exit code. Progress goes to standard error; standard output has the three addresses alone.
 * @param check called once, after the arguments were found to be good; what it throws is passed on
 * @throws AppError USAGE
 */
export async function runStackCommand(
  args: string[],
  env: NodeJS.ProcessEnv,
  check: () => unknown = () => {},
): Promise<number> {
  const options = readOptions(args)
  if (options === null) {
    process.stdout.write(HELP)
    return 0
  }
  check()
  const say = (line: string) => void process.stderr.write(`${line}\n`)
  const stopping = new AbortController()
  const failures: string[] = []
  const interrupt = () => stopping.abort()
  const endsAlone = (_: ServerName, message: string) => {
    failures.push(message)
    stopping.abort()
  }
  process.on('SIGINT', interrupt)
  process.on('SIGTERM', interrupt)
  process.on('SIGHUP', interrupt)
  let stack: Stack | null = null
  try {
    stack = await startStack({ ...options, env, log: say, signal: stopping.signal, onUnexpectedEnd: endsAlone })
    for (const [name, value] of Object.entries(stack.env())) process.stdout.write(`${name}=${value}\n`)
    say('all three answer; Ctrl-C stops what was started here')
    await untilAborted(stopping.signal)
  } catch (error) {
    if (!stopping.signal.aborted) failures.push(describe(error))
  } finally {
    if (stack !== null) say('stopping')
    await stack?.stop()
    process.off('SIGINT', interrupt)
    process.off('SIGTERM', interrupt)
    process.off('SIGHUP', interrupt)
  }
  for (const failure of failures) say(`everscore stack: ${failure}`)
  return failures.length === 0 ? 0 : 1
}

function readOptions(args: string[]) {
  const text = { type: 'string' } as const
  const { values } = parseCommandArgs(args, {
    options: { data: text, 'kafka-port': text, 'registry-port': text, 'redis-port': text, with: text },
  })
  if (values.help) return null
  const ports: Partial<Record<ServerName, number>> = {}
  if (values['kafka-port'] !== undefined) ports.kafka = portOf('--kafka-port', values['kafka-port'])
  if (values['registry-port'] !== undefined) ports.registry = portOf('--registry-port', values['registry-port'])
  if (values['redis-port'] !== undefined) ports.redis = portOf('--redis-port', values['redis-port'])
  return {
    ports,
    ...(values.data === undefined ? {} : { dataDir: values.data }),
    ...(values.with === undefined ? {} : { only: wayOf(values.with) }),
  }
}

function portOf(option: string, text: string): number {
  const port = Number(text)
  if (/^\d+$/.test(text) && port >= 1 && port <= 65_535) return port
  throw usageError(option, `must be a port from 1 to 65535, not ${JSON.stringify(text)}`)
}

function wayOf(text: string): 'docker' | 'java' {
  if (text === 'docker' || text === 'java') return text
  throw usageError('--with', `must be docker or java, not ${JSON.stringify(text)}`)
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

function describe(error: unknown): string {
  return error instanceof AppError ? `${error.code}: ${error.message}` : messageOf(error)
}
