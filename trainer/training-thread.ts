import { parentPort, workerData } from 'node:worker_threads'
import { AppError, messageOf } from '../schemas/errors.ts'
import { type Challenge, type ChallengeJob, trainChallenger } from './train-challenger.ts'

/** What the thread says. */
export type ThreadMessage =
  | { readonly kind: 'progress'; readonly share: number }
  | { readonly kind: 'done'; readonly challenge: Challenge }
  | { readonly kind: 'refused'; readonly message: string }

const say = (message: ThreadMessage): void => parentPort!.postMessage(message)

try {
  const job = workerData as ChallengeJob // written by train-in-thread.ts
  say({ kind: 'done', challenge: trainChallenger(job, (share) => say({ kind: 'progress', share })) })
} catch (error) {
  // Too little to learn from is an answer; anything else ends the thread with its error.
  if (!(error instanceof AppError) || error.code !== 'INPUT_INVALID') throw error
  say({ kind: 'refused', message: messageOf(error) })
}
