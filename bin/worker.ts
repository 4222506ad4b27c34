import { describeConfig, readConfig } from '../runtime/config.ts'
import { createLog } from '../runtime/log.ts'
import { requireServers } from '../runtime/server-address.ts'
import { Worker } from '../runtime/worker.ts'
import { onceAnswered } from './once-answered.ts'
import { stopSignal } from './signals.ts'
import { wantsHelp } from './wants-help.ts'

const HELP = `everscore worker: joins the group and processes its partitions until SIGTERM or SIGINT.

Run as many as there are cores, up to the number of partitions. Run \`everscore init\` once before.
The environment is described in docs/configuration.md.
`

export async function runWorker(args: string[], env: NodeJS.ProcessEnv): Promise<number> {
  if (wantsHelp(args)) {
    process.stdout.write(HELP)
    return 0
  }
  const config = readConfig(env)
  requireServers(config)
  const log = createLog(config.LOG_LEVEL, (line) => process.stderr.write(line), Date.now)
  const stopped = stopSignal()
  log('worker starts', { config: describeConfig(config) })
  const start = async (): Promise<Worker> => {
    const worker = new Worker(config, { log, now: Date.now })
    try {
      await worker.start()
      return worker
    } catch (error) {
      await worker.stop()
      throw error
    }
  }
  const worker = await onceAnswered(start, log, stopped)
  if (worker === null) return 0
  try {
    log('worker is ready', { workerId: worker.id })
    log('worker stops', { signal: await stopped })
    return 0
  } finally {
    await worker.stop()
  }
}
