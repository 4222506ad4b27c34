import { setTimeout as sleep } from 'node:timers/promises'

/** Resolves at once when it is later already. @param time of performance.now() @throws the signal's reason */
export async function sleepUntil(time: number, signal: AbortSignal): Promise<void> {
  const left = time - performance.now()
  if (left > 0) await sleep(left, undefined, { signal }).catch(() => signal.throwIfAborted())
}
