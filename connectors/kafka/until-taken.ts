import { setTimeout as sleep } from 'node:timers/promises'
import { kafkaErrorType } from './kafka-error.ts'

const FIRST_WAIT_MS = 2
const LONGEST_WAIT_MS = 100

/** Asks again while the answer is one of those that only mean "not yet", for as long as a request may take. */
export async function untilTaken<T>(timeoutMs: number, notYet: ReadonlySet<string>, ask: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + timeoutMs
  for (let wait = FIRST_WAIT_MS; ; wait = Math.min(wait * 2, LONGEST_WAIT_MS)) {
    try {
      return await ask()
    } catch (error) {
      if (!notYet.has(kafkaErrorType(error)) || performance.now() > deadline) throw error
      await sleep(wait)
    }
  }
}
