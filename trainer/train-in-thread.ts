import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { AppError } from '../schemas/errors.ts'
import type { Challenge, ChallengeJob } from './train-challenger.ts'
import type { ThreadMessage } from './training-thread.ts'

/** As source or as built. */
const THREAD = new URL(`./training-thread${extname(import.meta.url)}`, import.meta.url)

/**
 * Runs trainChallenger in a thread of its own, so that this one goes on reading.
 * @throws AppError INPUT_INVALID when there is too little to learn from; the signal's reason
 */
export async function trainInThread(
  job: ChallengeJob,
  onProgress: (share: number) => void,
  signal: AbortSignal,
): Promise<Challenge> {
  signal.throwIfAborted()
  const thread = new Worker(THREAD, { workerData: job })
  try {
    return await new Promise<Challenge>((resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true })
      thread.on('error', reject)
      thread.on('exit', (code) => reject(new AppError('INTERNAL', `the training thread ended with ${code}`)))
      thread.on('message', (message: ThreadMessage) => {
        if (message.kind === 'progress') onProgress(message.share)
        else if (message.kind === 'done') resolve(message.challenge)
        else reject(new AppError('INPUT_INVALID', message.message))
      })
    })
  } finally {
    await thread.terminate()
  }
}
