import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { HELP, parseDemoOptions } from '../demo/demo-options.ts'
import { playDemo } from '../demo/play-demo.ts'
import { Terminal } from '../demo/terminal.ts'
import type { Config } from '../runtime/config.ts'
import { createLog } from '../runtime/log.ts'
import { AppError } from '../schemas/errors.ts'
import { openApi } from './api.ts'

// dist/ holds .js, the source .ts: the command line has the ending of this file.
const EVERSCORE = fileURLToPath(new URL(`./everscore${extname(import.meta.url)}`, import.meta.url))

export async function runDemo(args: string[], env: NodeJS.ProcessEnv): Promise<number> {
  const options = parseDemoOptions(args)
  if (options === null) {
    process.stdout.write(HELP)
    return 0
  }
  const stopping = new AbortController()
  const interrupt = (signal: NodeJS.Signals): void => {
    // What was started ends with this process in any case; whoever asks twice doesn't want to wait for it.
    if (stopping.signal.aborted) process.exit(130)
    stopping.abort(signal)
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, interrupt)
  const terminal = new Terminal(process.stdout)
  const openDemoApi = (config: Config) => openOnFreePort(config, env['PORT'] === undefined)
  try {
    const report = await playDemo(options, { env, everscore: EVERSCORE, openApi: openDemoApi, terminal, stopping })
    if (report === null) return 0
    terminal.print(JSON.stringify(report))
    return report.mismatches === 0 ? 0 : 1
  } catch (error) {
    const { aborted, reason } = stopping.signal
    if (!aborted) throw error
    if (reason instanceof AppError) throw reason
    return options.once ? 130 : 0
  } finally {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.off(signal, interrupt)
  }
}

/** The usual port where nobody asked for another one and it is free, else any. */
async function openOnFreePort(config: Config, mayMove: boolean): ReturnType<typeof openApi> {
  const log = createLog('warn', (line) => process.stderr.write(line), Date.now)
  try {
    return await openApi(config, log)
  } catch (error) {
    if (!mayMove || !(error instanceof AppError) || error.code !== 'PORT_IN_USE') throw error
    return await openApi({ ...config, PORT: 0 }, log)
  }
}
