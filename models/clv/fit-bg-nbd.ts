import { nelderMead } from '../nelder-mead.ts'
import type { BgNbd } from './bg-nbd.ts'
import { bgNbdLikelihood } from './bg-nbd-likelihood.ts'
import type { PurchaseHistory } from './purchase-history.ts'

/** What a parameter more must gain in log likelihood to be kept: half of 3.84, the 95 % point of chi-squared (Wilks). */
const LEAST_GAIN = 1.92
/** Parameters are searched between e^-LIMIT and e^LIMIT. */
const LIMIT = 12

export interface BgNbdFit {
  readonly model: BgNbd
  readonly logLikelihood: number
  /** Gain in log likelihood by letting the dropout probability differ between customers. */
  readonly gainOfBeta: number
  /** Why the model isn't BG/NBD proper but its limit; null when it is. */
  readonly fallback: string | null
}

/**
 * Maximum likelihood by Nelder and Mead over the logarithms of the parameters: four at most, a smooth likelihood, and no
 * derivatives to get wrong. Where the histories don't tell how customers differ in dropping out, BG/NBD has no maximum: a
 * and b, or b alone, grow without bound along a ridge on which the likelihood stands still, and what is returned depends
 * on where the optimiser gave up. So its limit, one dropout probability for all, is fitted as well, and kept unless
 * the Beta distribution gains significantly.
 * @returns null when nobody bought again: then nothing can be fitted
 */
export function fitBgNbd(histories: readonly PurchaseHistory[]): BgNbdFit | null {
  const repeats = histories.reduce((sum, history) => sum + history.repeats, 0)
  const age = histories.reduce((sum, history) => sum + history.age, 0)
  if (repeats === 0 || age === 0) return null
  const likelihood = bgNbdLikelihood(histories)
  const alpha = Math.log(age / repeats)
  const none = best(likelihood, noneOf, [[0, alpha]])
  const common = best(likelihood, commonOf, [
    [0, alpha, -2],
    [Math.log(none.model.r), Math.log(none.model.alpha), -6],
  ])
  const beta = best(likelihood, betaOf, [
    [0, alpha, 0, 1],
    [Math.log(common.model.r), Math.log(common.model.alpha), -1, 1],
  ])
  const gainOfBeta = beta.logLikelihood - common.logLikelihood
  if (gainOfBeta >= LEAST_GAIN) return { ...beta, gainOfBeta, fallback: null }
  const dropsOut = common.logLikelihood - none.logLikelihood >= LEAST_GAIN
  return { ...(dropsOut ? common : none), gainOfBeta, fallback: reasonOf(beta.model, gainOfBeta, dropsOut) }
}

type Likelihood = (model: BgNbd) => number
interface Fitted {
  readonly model: BgNbd
  readonly logLikelihood: number
}

function best(
  likelihood: Likelihood,
  modelOf: (logs: readonly number[]) => BgNbd,
  starts: readonly (readonly number[])[],
): Fitted {
  const loss = (logs: readonly number[]): number =>
    logs.some((log) => Math.abs(log) > LIMIT) ? Number.POSITIVE_INFINITY : -likelihood(modelOf(logs))
  const minima = starts.map((start) => nelderMead(loss, start.map(bounded)))
  const minimum = minima.reduce((a, b) => (b.value < a.value ? b : a))
  return { model: modelOf(minimum.at), logLikelihood: -minimum.value }
}

const bounded = (log: number): number => Math.max(-LIMIT + 1, Math.min(LIMIT - 1, log))

function betaOf(logs: readonly number[]): BgNbd {
  const [r, alpha, a, b] = logs.map(Math.exp) as [number, number, number, number]
  return { r, alpha, dropout: { kind: 'beta', a, b } }
}

/** The third parameter is the log odds of dropping out. */
function commonOf([r, alpha, odds]: readonly number[]): BgNbd {
  return { r: Math.exp(r!), alpha: Math.exp(alpha!), dropout: { kind: 'common', p: 1 / (1 + Math.exp(-odds!)) } }
}

function noneOf([r, alpha]: readonly number[]): BgNbd {
  return { r: Math.exp(r!), alpha: Math.exp(alpha!), dropout: { kind: 'common', p: 0 } }
}

function reasonOf({ dropout }: BgNbd, gain: number, dropsOut: boolean): string {
  const where = dropout.kind === 'beta' ? ` (a ${dropout.a.toPrecision(3)}, b ${dropout.b.toPrecision(3)})` : ''
  const instead = dropsOut ? 'one probability for all customers' : 'and nobody is seen to drop out: none'
  return `differing dropout probabilities${where} gain ${gain.toFixed(2)} in log likelihood, below ${LEAST_GAIN}: ${instead}`
}
