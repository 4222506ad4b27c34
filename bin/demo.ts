import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { HELP, parseDemoOptions } from '../demo/demo-options.ts'
import type { DemoRuntime } from '../demo/demo-runtime.ts'
import { playDemo } from '../demo/play-demo.ts'
import { Terminal } from '../demo/terminal.ts'
import { CHURN_PRIOR } from '../models/priors/churn-prior.ts'
import { LEAD_PRIOR } from '../models/priors/lead-prior.ts'
import { readConfig } from '../runtime/config.ts'
import { initialise } from '../runtime/init.ts'
import { applicationId, kafkaSettings } from '../runtime/kafka-settings.ts'
import { createLog } from '../runtime/log.ts'
import { AppError } from '../schemas/errors.ts'
import { connectRedis, redisReady } from '../state/redis-connection.ts'
import { openApi } from './api.ts'
import { onStopSignal } from './signals.ts'

// dist/ holds .js, the source .ts: the command line has the ending of this file.
const EVERSCORE = fileURLToPath(new URL(`./everscore${extname(import.meta.url)}`, import.meta.url))
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

export async function runDemo(args: string[], env: NodeJS.ProcessEnv): Promise<number> {
  const options = parseDemoOptions(args)
  if (options === null) {
    process.stdout.write(HELP)
    return 0
  }
  // A variable that is refused is better known before the servers start.
  readConfig(env)
  const stopping = new AbortController()
  // What was started ends with this process in any case, also at a second signal.
  const ignoreSignals = onStopSignal(SIGNALS, (signal) => stopping.abort(signal))
  const terminal = new Terminal(process.stdout)
  try {
    const report = await playDemo(options, { env, everscore: EVERSCORE, runtime: demoRuntime, terminal, stopping })
    if (report === null) return 0
    terminal.print(JSON.stringify(report))
    return report.mismatches === 0 ? 0 : 1
  } catch (error) {
    const { aborted, reason } = stopping.signal
    if (!aborted) throw error
    if (reason instanceof AppError) throw reason
    return options.once ? 130 : 0
  } finally {
    ignoreSignals()
  }
}

/** What the demo is played on. */
export const demoRuntime: DemoRuntime = {
  async prepare(env, settingsFile) {
    const config = readConfig(env)
    await initialise(config, settingsFile)
    return {
      kafka: kafkaSettings(config, 'everscore-demo'),
      registryUrl: config.SCHEMA_REGISTRY_URL,
      redisUrl: config.REDIS_URL,
      app: applicationId(config),
      prefix: config.TOPIC_PREFIX,
      partitions: config.PARTITIONS,
    }
  },
  async connectRedis(url) {
    const redis = connectRedis({ url })
    try {
      await redisReady(redis)
      return redis
    } catch (error) {
      redis.disconnect()
      throw error
    }
  },
  /** On the usual port where nobody asked for another one and it is free, else on any. */
  async openApi(env) {
    const config = readConfig(env)
    const log = createLog('warn', (line) => process.stderr.write(line), Date.now)
    try {
      return await openApi(config, log)
    } catch (error) {
      const isTaken = error instanceof AppError && error.code === 'PORT_IN_USE'
      if (!isTaken || env['PORT']) throw error
      return await openApi({ ...config, PORT: 0 }, log)
    }
  },
  priors: { lead: LEAD_PRIOR, churn: CHURN_PRIOR },
}
