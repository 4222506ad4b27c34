import type { CustomerDiary } from './customer-diary.ts'
import { between, normal, pick, type Random } from './random.ts'

const HOUR_MS = 3_600_000

/** Kinds of shop, and what each says about opening an account, as log odds. */
const SHOPS: Readonly<Record<string, number>> = { 'online shop': 1.2, 'gift shop': 0.2, 'market stall': -1.5 }

/**
 * A first purchase makes a lead for a trade account: he says what kind of shop he has, and mostly how many work in it;
 * within two weeks he opens an account or doesn't. Both depend on what he said and on whether he reads his mail: what a
 * model can find out.
 */
export function tradeLead(
  diary: CustomerDiary,
  random: Random,
  { at, interest }: { readonly at: number; readonly interest: number },
): void {
  const shop = pick(random, Object.keys(SHOPS))
  const staff = Math.max(1, Math.round(Math.exp(normal(random, 1.5, 1))))
  const told = random() < 0.8 ? { shop, staff } : { shop }
  diary.profile(at + between(random, 1, 60) * 60_000, told)
  const logOdds = SHOPS[shop]! + 0.9 * (Math.log(staff) - 1.5) + 6 * (interest - 0.25)
  const converts = random() < 1 / (1 + Math.exp(-logOdds))
  diary.outcome(at + between(random, 24, 14 * 24) * HOUR_MS, converts ? 'CONVERTED' : 'LOST')
}
