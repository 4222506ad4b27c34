import { runReplayCommand } from '../connectors/file-replay/command.ts'
import type { EventWriter } from '../connectors/file-replay/event-writer.ts'
import { EventSink } from '../connectors/kafka/event-sink.ts'
import { Registry } from '../connectors/registry/registry.ts'
import { readConfig } from '../runtime/config.ts'
import { kafkaSettings } from '../runtime/kafka-settings.ts'
import { requireServers } from '../runtime/server-address.ts'
import { onStopSignal } from './signals.ts'

/** `everscore replay`: lines of files become events in the input topics, as any application would write them. */
export async function runReplay(args: string[], env: NodeJS.ProcessEnv): Promise<number> {
  const stopping = new AbortController()
  // The batch at hand ends first, so that the progress is kept.
  const ignoreSignals = onStopSignal(['SIGINT', 'SIGTERM'], (signal) => stopping.abort(signal))
  try {
    return await runReplayCommand(args, {
      writer: () => openEventSink(env),
      stdout: process.stdout,
      stderr: process.stderr,
      signal: stopping.signal,
    })
  } finally {
    ignoreSignals()
  }
}

function openEventSink(env: NodeJS.ProcessEnv): Promise<EventWriter> {
  const config = readConfig(env)
  requireServers(config, ['KAFKA_BROKERS', 'SCHEMA_REGISTRY_URL'])
  const registry = new Registry(config.SCHEMA_REGISTRY_URL)
  return EventSink.connect({
    kafka: kafkaSettings(config, 'everscore-replay'),
    prefix: config.TOPIC_PREFIX,
    register: (subject, schema) => registry.register(subject, schema),
    now: Date.now,
  })
}
