import { logGamma } from '../log-gamma.ts'
import type { BgNbd } from './bg-nbd.ts'
import type { PurchaseHistory } from './purchase-history.ts'

/**
 * Log likelihood of some customers' histories under BG/NBD as a function of its parameters (equation 6 of Fader, Hardie and
 * Lee 2005; for a common dropout probability its limit). Terms that depend on the number of repeats alone are computed
 * once for each number.
 */
export function bgNbdLikelihood(histories: readonly PurchaseHistory[]): (model: BgNbd) => number {
  const customers = new Map<number, number>()
  for (const { repeats } of histories) customers.set(repeats, (customers.get(repeats) ?? 0) + 1)
  return (model) => {
    let sum = 0
    for (const [repeats, count] of customers) sum += count * byRepeats(model, repeats)
    for (let i = 0; i < histories.length; i++) sum += byTimes(model, histories[i]!)
    return sum
  }
}

function byRepeats({ r, alpha, dropout }: BgNbd, x: number): number {
  const buying = logGamma(r + x) - logGamma(r) + r * Math.log(alpha)
  if (dropout.kind === 'common') return buying + x * Math.log1p(-dropout.p)
  const { a, b } = dropout
  return buying + logGamma(a + b) - logGamma(a + b + x) + logGamma(b + x) - logGamma(b)
}

/** ln of (alpha + T)^-(r + x) plus, after a repeat, the odds of having left times (alpha + t_x)^-(r + x). */
function byTimes({ r, alpha, dropout }: BgNbd, { repeats, recency, age }: PurchaseHistory): number {
  const active = -(r + repeats) * Math.log(alpha + age)
  if (repeats === 0) return active
  const odds = dropout.kind === 'beta' ? dropout.a / (dropout.b + repeats - 1) : dropout.p / (1 - dropout.p)
  // Recency is at most age, so this is the larger power: the sum can't overflow.
  const left = -(r + repeats) * Math.log(alpha + recency)
  return left + Math.log(Math.exp(active - left) + odds)
}
