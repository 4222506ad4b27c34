import type { CustomerDiary } from './customer-diary.ts'
import { between, pick, type Random } from './random.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

/** A visit that looks at some of the items and ends without buying. */
export function visit(diary: CustomerDiary, random: Random, options: { at: number; items: readonly string[] }): void {
  const channel = pick(random, ['web', 'web', 'mobile'])
  const steps: string[] = []
  if (random() < 0.4) steps.push('login')
  steps.push('page_view')
  if (random() < 0.3) steps.push('search')
  for (let i = between(random, 1, 3); i > 0; i--) steps.push('product_view')
  walk(diary, random, { steps, channel, items: options.items, start: options.at, end: options.at + 20 * MINUTE_MS })
}

/** The visit in which the items are bought at `at`; all of it lies before. */
export function visitThatBuys(
  diary: CustomerDiary,
  random: Random,
  options: { at: number; items: readonly string[] },
): void {
  const channel = pick(random, ['web', 'web', 'mobile'])
  const steps = random() < 0.5 ? ['login', 'page_view'] : ['page_view']
  if (random() < 0.35) steps.push('search')
  for (let i = between(random, 1, 4); i > 0; i--) steps.push('product_view')
  for (let i = between(random, 1, 2); i > 0; i--) steps.push('add_to_cart')
  const start = options.at - between(random, 5, 40) * MINUTE_MS
  walk(diary, random, { steps, channel, items: options.items, start, end: options.at - 1 })
}

/** A newsletter that is opened, and perhaps followed, up to two days before `at`. */
export function newsletter(diary: CustomerDiary, random: Random, options: { at: number; interest: number }): void {
  if (random() >= options.interest) return
  const opened = options.at - between(random, 2 * 60, 48 * 60) * MINUTE_MS
  diary.interaction('email_open', opened, { channel: 'email' })
  if (random() < 0.45) diary.interaction('email_click', opened + between(random, 5, 90) * 1000, { channel: 'email' })
}

/** Somebody complains in the two days before `at`. */
export function complain(diary: CustomerDiary, random: Random, at: number): void {
  diary.interaction('support_ticket', at - random() * 48 * HOUR_MS, { channel: pick(random, ['email', 'phone']) })
}

interface Walk {
  readonly steps: readonly string[]
  readonly channel: string
  readonly items: readonly string[]
  readonly start: number
  readonly end: number
}

/** Spreads the steps over the time, in their order. */
function walk(diary: CustomerDiary, random: Random, { steps, channel, items, start, end }: Walk): void {
  const share = (end - start) / steps.length
  steps.forEach((type, i) => {
    const at = Math.floor(start + (i + 0.9 * random()) * share)
    const ofItem = (type === 'product_view' || type === 'add_to_cart') && items.length > 0
    const details = ofItem ? { itemId: pick(random, items) } : {}
    diary.interaction(type, at, { channel, durationMs: between(random, 2, 180) * 1000, ...details })
  })
}
