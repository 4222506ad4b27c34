import type { Reason } from '../schemas/avro/reason.ts'
import type { CompiledModel } from './linear-model.ts'
import { topReasons, type Workings } from './score.ts'

/**
 * Contributions are rounded to 2^-20, about a millionth of the log odds: half of their bytes become zeros, which compression
 * leaves out, a tenth of all bytes that are written.
 */
const STEPS = 2 ** 20

/**
 * `topReasons` as records, and answers that stand for records, carry them: contributions are rounded, and what rounds to
 * nothing is no reason.
 * @param into filled and returned; the objects that it holds are written over
 */
export function recordedReasons(model: CompiledModel, workings: Workings, n: number, into: Reason[] = []): Reason[] {
  topReasons(model, workings, n, into)
  for (const reason of into) reason.contribution = rounded(reason.contribution)
  // The smallest are the last.
  while (into.length > 0 && into.at(-1)!.contribution === 0) into.pop()
  return into
}

function rounded(value: number): number {
  // Not -0.
  return Math.round(value * STEPS) / STEPS + 0
}
