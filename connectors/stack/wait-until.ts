import { setTimeout as sleep } from 'node:timers/promises'
import { AppError } from '../../schemas/errors.ts'

export interface WaitOptions {
  readonly timeoutMs: number
  /** What is waited for, for the message. */
  readonly what: string
  readonly everyMs?: number
  readonly signal?: AbortSignal | undefined
}

/** Asks again and again until the answer is true; a question that throws counts as no. */
export async function waitUntil(isTrue: () => Promise<boolean>, options: WaitOptions): Promise<void> {
  const deadline = performance.now() + options.timeoutMs
  let last: unknown
  for (;;) {
    options.signal?.throwIfAborted()
    try {
      if (await isTrue()) return
    } catch (error) {
      last = error
    }
    if (performance.now() > deadline) {
      throw new AppError('SERVER_FAILED', `waited ${options.timeoutMs} ms for ${options.what} in vain`, { cause: last })
    }
    // An abort cuts the pause short; the check above then throws the signal's own reason.
    await sleep(
      options.everyMs ?? 100,
      undefined,
      options.signal === undefined ? {} : { signal: options.signal },
    ).catch(() => {})
  }
}
