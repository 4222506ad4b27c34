#!/usr/bin/env node
import { enableCompileCache } from 'node:module'
import { AppError, messageOf } from '../schemas/errors.ts'
import { VERSION } from '../schemas/version.ts'

// Halves the time until a command runs, from its second start on.
enableCompileCache()

interface Command {
  readonly summary: string
  /** @returns the exit code */
  readonly run: (args: string[]) => Promise<number>
}

/** Each command loads only what it needs. */
const COMMANDS: Readonly<Record<string, Command>> = {
  stack: {
    summary: 'start Kafka, the schema registry and Redis; print their addresses; stay until stopped',
    run: async (args) => (await import('../connectors/stack/command.ts')).runStackCommand(args, process.env),
  },
  init: {
    summary: 'create or check topics, register schemas, load the settings of tenants',
    run: async (args) => (await import('./init.ts')).runInit(args, process.env),
  },
  worker: {
    summary: 'process events: features, scores, changes',
    run: async (args) => (await import('./worker.ts')).runWorker(args, process.env),
  },
  trainer: {
    summary: 'learn models from outcomes',
    run: async (args) => (await import('./trainer.ts')).runTrainer(args, process.env),
  },
  api: {
    summary: 'answer lookups over HTTP',
    run: async (args) => (await import('./api.ts')).runApi(args, process.env),
  },
  replay: {
    summary: 'send the lines of CSV or NDJSON files as events',
    run: async (args) => (await import('./replay.ts')).runReplay(args, process.env),
  },
  dlq: {
    summary: 'list, show, replay and drop dead letters',
    run: async (args) => (await import('./dlq.ts')).runDlq(args, process.env),
  },
  clv: {
    summary: 'fit the customer lifetime value model of each tenant',
    run: async (args) => (await import('./clv.ts')).runClv(args, process.env),
  },
  demo: {
    summary: 'run everything on real data and show it',
    run: async (args) => (await import('./demo.ts')).runDemo(args, process.env),
  },
  topology: {
    summary: 'print the processing graph as Mermaid; --installation: all tasks, processes and topics',
    run: async (args) => (await import('./topology.ts')).runTopology(args),
  },
}

function help(): string {
  const lines = Object.entries(COMMANDS).map(([name, { summary }]) => `  ${name.padEnd(10)} ${summary}`)
  return `everscore ${VERSION}: re-scores every customer on every event

Usage: everscore <command> [options]     (everscore <command> --help tells more)

${lines.join('\n')}

Addresses and limits come from the environment: docs/configuration.md.
`
}

async function main(args: string[]): Promise<number> {
  const [name = '--help', ...rest] = args
  if (name === '--help' || name === '-h' || name === 'help') {
    process.stdout.write(help())
    return 0
  }
  if (name === '--version') {
    process.stdout.write(`${VERSION}\n`)
    return 0
  }
  const command = COMMANDS[name]
  if (!command) {
    process.stderr.write(`everscore: there is no command ${name}\n\n${help()}`)
    return 2
  }
  return await command.run(rest)
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  const code = error instanceof AppError ? ` (${error.code})` : ''
  process.stderr.write(`everscore: ${messageOf(error)}${code}\n`)
  if (!(error instanceof AppError) || error.code === 'INTERNAL')
    process.stderr.write(`${(error as Error).stack ?? ''}\n`)
  process.exitCode = 1
}
