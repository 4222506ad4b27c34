import { setTimeout as sleep } from 'node:timers/promises'
import type { Log } from '../runtime/log.ts'
import { AppError } from '../schemas/errors.ts'

const RETRY_MIN_MS = 250
const RETRY_MAX_MS = 5_000

/**
 * Starts something that needs servers, again and again while they don't answer: what starts them together must not have
 * to know an order.
 * @returns null when it is told to stop before
 * @throws whatever waiting doesn't mend, such as CONFIG_INVALID
 */
export async function onceAnswered<T>(start: () => Promise<T>, log: Log, stopped: Promise<unknown>): Promise<T | null> {
  const stop = new AbortController()
  void stopped.then(() => stop.abort())
  for (let wait = RETRY_MIN_MS; ; wait = Math.min(wait * 2, RETRY_MAX_MS)) {
    try {
      return await start()
    } catch (error) {
      if (!(error instanceof AppError) || !error.retryable) throw error
      log(`not started yet: ${error.message}`, { level: 'warn', code: error.code, nextTryMs: wait })
    }
    await sleep(wait, undefined, { signal: stop.signal }).catch(() => {
      // Told to stop: seen on the next line.
    })
    if (stop.signal.aborted) return null
  }
}
