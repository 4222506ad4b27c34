import { type CustomerState, HALF_LIVES_DAYS, NEVER } from '../schemas/customer-state.ts'
import { FEATURES } from './features.ts'
import type { CompiledModel } from './linear-model.ts'

/** Kinds of terms: fading with a half-life by its position, growing, overdue. */
export const GROWING = HALF_LIVES_DAYS.length
export const OVERDUE = GROWING + 1

/** The inputs of a model that move while nothing happens. */
export interface QuietTerms {
  readonly inputs: Int32Array
  readonly kinds: Int8Array
  /** What a growing one grows from. */
  readonly since: readonly ((state: CustomerState) => number)[]
  /** 1: it may make the odds rise, or fall, with time. */
  readonly rises: Uint8Array
  readonly falls: Uint8Array
  /** Some input may, of some customer. */
  readonly canRise: boolean
  readonly canFall: boolean
}

const known = new WeakMap<CompiledModel, QuietTerms>()

export function quietTermsOf(model: CompiledModel): QuietTerms {
  const found = known.get(model)
  if (found !== undefined) return found
  const terms = compile(model)
  known.set(model, terms)
  return terms
}

function compile({ positions, starts, slopes }: CompiledModel): QuietTerms {
  const pieces = (input: number): number[] => [...slopes.subarray(starts[input]!, starts[input + 1]!)]
  const moving = [...positions.keys()].flatMap((input) => {
    const course = FEATURES[positions[input]!]?.course ?? null
    return course === null || pieces(input).every((slope) => slope === 0) ? [] : [{ input, course }]
  })
  const moves = (sign: number): Uint8Array =>
    Uint8Array.from(moving, ({ input, course }) => {
      const direction = course.kind === 'fading' ? -sign : sign
      return pieces(input).some((slope) => slope * direction > 0) ? 1 : 0
    })
  const [rises, falls] = [moves(1), moves(-1)]
  return {
    inputs: Int32Array.from(moving, ({ input }) => input),
    kinds: Int8Array.from(moving, ({ course }) => {
      if (course.kind === 'fading') return course.halfLife
      return course.kind === 'growing' ? GROWING : OVERDUE
    }),
    since: moving.map(({ course }) => (course.kind === 'growing' ? course.since : () => NEVER)),
    rises,
    falls,
    canRise: rises.includes(1),
    canFall: falls.includes(1),
  }
}
