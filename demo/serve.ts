import { once } from 'node:events'
import type { DemoDeps } from './demo-deps.ts'
import { guide } from './guide.ts'
import type { Installation } from './installation.ts'
import { leaders } from './leaders.ts'
import type { Stage } from './stage.ts'
import { untilCounted } from './until-counted.ts'
import { windowsShown } from './windows-shown.ts'

/** Opens the API, says what can be asked, and resolves when the demo shall end. */
export async function serve(stage: Stage, { env, addresses }: Installation, deps: DemoDeps): Promise<void> {
  const { runtime, terminal, stopping } = deps
  const { signal } = stopping
  const api = await runtime.openApi(env)
  try {
    const customerId = stage.results.lastChange?.customerId ?? '12347'
    terminal.say()
    terminal.say(await leaders(api.url))
    terminal.say()
    await untilCounted(api.url, signal)
    terminal.say(await windowsShown(api.url))
    terminal.say()
    terminal.say(guide({ url: api.url, customerId, addresses }))
    terminal.say()
    terminal.say('Ctrl-C stops everything that was started here.')
    if (!signal.aborted) await once(signal, 'abort')
    signal.throwIfAborted()
  } finally {
    await api.close()
  }
}
