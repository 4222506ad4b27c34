import { runReplayCommand } from '../connectors/file-replay/command.ts'
import type { EventWriter } from '../connectors/file-replay/event-writer.ts'
import { EventSink } from '../connectors/kafka/event-sink.ts'
import { Registry } from '../connectors/registry/registry.ts'
import { readConfig } from '../runtime/config.ts'
import { kafkaSettings } from '../runtime/kafka-settings.ts'

/** `everscore replay`: lines of files become events in the input topics, as any application would write them. */
export async function runReplay(args: string[], env: NodeJS.ProcessEnv): Promise<number> {
  const stopping = new AbortController()
  const stop = (signal: NodeJS.Signals): void => {
    // The batch at hand ends first, so that the progress is kept; whoever asks twice doesn't want to wait for it.
    if (stopping.signal.aborted) process.exit(130)
    stopping.abort(signal)
  }
  process.on('SIGINT', stop).on('SIGTERM', stop)
  try {
    return await runReplayCommand(args, {
      writer: () => openEventSink(env),
      stderr: process.stderr,
      signal: stopping.signal,
    })
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop)
  }
}

function openEventSink(env: NodeJS.ProcessEnv): Promise<EventWriter> {
  const config = readConfig(env)
  const registry = new Registry(config.SCHEMA_REGISTRY_URL)
  return EventSink.connect({
    kafka: kafkaSettings(config, 'everscore-replay'),
    prefix: config.TOPIC_PREFIX,
    register: (subject, schema) => registry.register(subject, schema),
    now: Date.now,
  })
}
