import { AppError, messageOf } from '../schemas/errors.ts'
import { VERSION } from '../schemas/version.ts'

interface Command {
  readonly summary: string
  /** @returns the exit code */
  readonly run: (args: string[], env: NodeJS.ProcessEnv) => Promise<number>
}

/** Each command loads only what it needs. */
const COMMANDS: Readonly<Record<string, Command>> = {
  stack: {
    summary: 'start Kafka, the schema registry and Redis; print their addresses; stay until stopped',
    run: async (args, env) => (await import('./stack.ts')).runStack(args, env),
  },
  init: {
    summary: 'create or check topics, register schemas, load the settings of tenants',
    run: async (args, env) => (await import('./init.ts')).runInit(args, env),
  },
  worker: {
    summary: 'process events: features, scores, changes',
    run: async (args, env) => (await import('./worker.ts')).runWorker(args, env),
  },
  trainer: {
    summary: 'learn models from outcomes',
    run: async (args, env) => (await import('./trainer.ts')).runTrainer(args, env),
  },
  api: {
    summary: 'answer lookups over HTTP',
    run: async (args, env) => (await import('./api.ts')).runApi(args, env),
  },
  replay: {
    summary: 'send the lines of CSV or NDJSON files as events',
    run: async (args, env) => (await import('./replay.ts')).runReplay(args, env),
  },
  dlq: {
    summary: 'list, show, replay and drop dead letters',
    run: async (args, env) => (await import('./dlq.ts')).runDlq(args, env),
  },
  clv: {
    summary: 'fit the customer lifetime value model of each tenant',
    run: async (args, env) => (await import('./clv.ts')).runClv(args, env),
  },
  demo: {
    summary: 'run everything on real data and show it',
    run: async (args, env) => (await import('./demo.ts')).runDemo(args, env),
  },
  topology: {
    summary: 'print the processing graph as Mermaid',
    run: async (args) => (await import('./topology.ts')).runTopology(args),
  },
}

function help(): string {
  const lines = Object.entries(COMMANDS).map(([name, { summary }]) => `  ${name.padEnd(10)} ${summary}`)
  return `everscore ${VERSION}: re-scores every customer on every event

Usage: everscore <command> [options]     (everscore help <command> tells more)

${lines.join('\n')}

Addresses and limits come from the environment: docs/configuration.md.
`
}

const EXIT = { done: 0, failed: 1, usage: 2 } as const

/** `everscore`; what fails is told on stderr. @returns the exit code */
export async function runCommandLine(args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const [name = 'help', ...rest] = args
  try {
    if (name === '--version' || name === '-v') {
      process.stdout.write(`${VERSION}\n`)
      return EXIT.done
    }
    if (name !== 'help' && name !== '--help' && name !== '-h') return await commandOf(name).run(rest, env)
    const [about] = rest
    if (about !== undefined) return await commandOf(about).run(['--help'], env)
    process.stdout.write(help())
    return EXIT.done
  } catch (error) {
    return fail(error, name)
  }
}

function commandOf(name: string): Command {
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (command === undefined) throw new AppError('USAGE', `there is no command ${name}`)
  return command
}

function fail(error: unknown, name: string): number {
  if (error instanceof AppError && error.code === 'USAGE') {
    const command = Object.hasOwn(COMMANDS, name) ? `everscore ${name}` : 'everscore'
    process.stderr.write(`${command}: ${error.message}; see ${command} --help\n`)
    return EXIT.usage
  }
  const code = error instanceof AppError ? ` (${error.code})` : ''
  process.stderr.write(`everscore: ${messageOf(error)}${code}\n`)
  if (!(error instanceof AppError) || error.code === 'INTERNAL')
    process.stderr.write(`${(error as Error).stack ?? ''}\n`)
  return EXIT.failed
}
