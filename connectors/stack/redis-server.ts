import { join } from 'node:path'
import { askProgram } from './ask-program.ts'
import { askSocket } from './ask-socket.ts'
import { findProgram } from './find-program.ts'
import type { ServerDefinition } from './server-definition.ts'

/** The binaries in the artifact, by Node's name of the platform. */
const BINARIES: Readonly<Record<string, string>> = {
  'linux-x64': 'redis-server-6.2.6-v5-linux-amd64',
  'linux-arm64': 'redis-server-6.2.7-linux-arm64',
  'linux-ia32': 'redis-server-6.2.7-linux-386',
  'darwin-x64': 'redis-server-6.2.6-v5-darwin-amd64',
  'darwin-arm64': 'redis-server-6.2.6-v5-darwin-arm64',
  'win32-x64': 'redis-server-5.0.14.1-windows-amd64.exe',
}

export interface RedisServerOptions {
  readonly program: string
  readonly kind: 'native' | 'java'
  /** A kept folder gets an append-only file; in a temporary one only an ordered restart keeps the keys. */
  readonly keepsData: boolean
}

export function redisServer({ program, kind, keepsData }: RedisServerOptions): ServerDefinition {
  return {
    name: 'redis',
    kind,
    address: (port) => `redis://127.0.0.1:${port}`,
    prepare: async ({ folder, port }) => ({
      command: program,
      args: [
        ...['--bind', '127.0.0.1', '--port', String(port), '--dir', folder, '--daemonize', 'no'],
        // State that was evicted would be taken for lost: the workers refuse any other policy.
        ...['--maxmemory-policy', 'noeviction', '--appendonly', keepsData ? 'yes' : 'no'],
        // A save point makes SIGTERM save; by itself it saves once an hour, and a full disk must not stop writes. Redis 6.2
        // takes the two numbers for none when they are one argument.
        ...['--save', '3600', '1', '--stop-writes-on-bgsave-error', 'no', '--loglevel', 'warning'],
      ],
      graceMs: 15_000,
    }),
    answers: (port) => ping(port),
  }
}

/** redis-server of the system, 6.2 or later, or null. */
export async function installedRedis(env: NodeJS.ProcessEnv): Promise<string | null> {
  const program = findProgram('redis-server', env)
  if (program === null) return null
  const { text } = await askProgram(program, ['--version'], { env, timeoutMs: 5_000 })
  const [, major = '0', minor = '0'] = /v=(\d+)\.(\d+)/.exec(text) ?? []
  return Number(major) * 100 + Number(minor) >= 602 ? program : null
}

/** The program in the unpacked artifact, or null where there is none for this platform. */
export function redisBinary(artifacts: string): string | null {
  const name = BINARIES[`${process.platform}-${process.arch}`]
  return name === undefined ? null : join(artifacts, name)
}

/** While it reads its file it answers -LOADING. */
async function ping(port: number): Promise<boolean> {
  const answer = await askSocket({ port, request: 'PING\r\n', isWhole: (bytes) => bytes.includes('\r\n') })
  return answer?.toString('latin1').startsWith('+PONG') ?? false
}
