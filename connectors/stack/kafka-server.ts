import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { AppError } from '../../schemas/errors.ts'
import { freePort } from './free-port.ts'
import { kafkaClusterId } from './kafka-cluster-id.ts'
import { kafkaProperties, LOG4J2_XML } from './kafka-properties.ts'
import type { LaunchContext, ServerDefinition } from './server-definition.ts'
import { supervise } from './supervise.ts'
import { tailOf } from './tail-of.ts'

export interface KafkaServerOptions {
  readonly java: string
  /** The folder of Kafka's jars. */
  readonly artifacts: string
  readonly clusterId: string
  readonly heapMb: number
  readonly fullyCompiled?: boolean
  readonly properties: Readonly<Record<string, string>>
}

/** Apache Kafka, one node, KRaft. */
export function kafkaServer(options: KafkaServerOptions): ServerDefinition {
  return {
    name: 'kafka',
    kind: 'java',
    address: (port) => `127.0.0.1:${port}`,
    prepare: async (context) => {
      const controllerPort = await freePort()
      const logDir = join(context.folder, 'data')
      const settings = { port: context.port, controllerPort, overrides: options.properties }
      writeFileSync(join(context.folder, 'log4j2.xml'), LOG4J2_XML)
      if (!existsSync(logDir)) await format(context, options, (dir) => kafkaProperties({ ...settings, logDir: dir }))
      const file = join(context.folder, 'server.properties')
      writeFileSync(file, kafkaProperties({ ...settings, logDir }))
      const heap = [`-Xms${options.heapMb}m`, `-Xmx${options.heapMb}m`, '-XX:+UseG1GC', '-XX:+ExitOnOutOfMemoryError']
      const compiler = options.fullyCompiled ? [] : ['-XX:TieredStopAtLevel=1']
      const args = [...heap, ...compiler, ...logging(context), '-cp', join(options.artifacts, '*'), 'kafka.Kafka', file]
      return { command: options.java, args, graceMs: 30_000 }
    },
    // The cluster id tells our broker from another one that happens to listen there.
    answers: async (port) => (await kafkaClusterId(port)) === options.clusterId,
  }
}

/** Formats aside and renames: a format that was cut off is done again, not taken for a log. */
async function format(
  context: LaunchContext,
  options: KafkaServerOptions,
  propertiesFor: (logDir: string) => string,
): Promise<void> {
  const draft = join(context.folder, 'data.new')
  const file = join(context.folder, 'format.properties')
  const logFile = join(context.folder, 'format.log')
  rmSync(draft, { recursive: true, force: true })
  writeFileSync(file, propertiesFor(draft))
  const jvm = ['-Xmx128m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', ...logging(context)]
  const tool = ['kafka.tools.StorageTool', 'format', '-t', options.clusterId, '-c', file]
  const child = await supervise(
    {
      command: options.java,
      args: [...jvm, '-cp', join(options.artifacts, '*'), ...tool],
      cwd: context.folder,
      env: context.env,
      graceMs: 2_000,
    },
    logFile,
  )
  const exit = await child.exited
  if (exit.code !== 0) {
    throw new AppError('SERVER_FAILED', `Kafka's storage could not be formatted: ${tailOf(logFile)}`)
  }
  renameSync(draft, join(context.folder, 'data'))
}

function logging(context: LaunchContext): string[] {
  return [`-Dlog4j2.configurationFile=${join(context.folder, 'log4j2.xml')}`]
}
