import { seeded } from '../../../bench/random.ts'
import type { PurchaseHistory } from '../../../models/clv/purchase-history.ts'

/** Histories of customers whose rates are exponential with mean 1 / alpha and who all drop out with probability p. */
export function drawHistories(world: { customers: number; alpha: number; p: number; observed: number }) {
  const random = seeded(20_050_501)
  const exponential = (rate: number): number => -Math.log(1 - random()) / rate
  return Array.from({ length: world.customers }, (): PurchaseHistory => {
    const rate = exponential(world.alpha)
    const age = world.observed * (0.5 + random() / 2)
    let repeats = 0
    let recency = 0
    for (let at = exponential(rate); at < age; at += exponential(rate)) {
      repeats++
      recency = at
      if (random() < world.p) break
    }
    return { repeats, recency, age }
  })
}
