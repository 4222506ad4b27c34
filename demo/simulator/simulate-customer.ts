import type { Transaction } from '../../schemas/avro/transaction.ts'
import type { InputEvent } from '../../schemas/events.ts'
import { complain, newsletter, visit, visitThatBuys } from './browse.ts'
import { CustomerDiary, type DiaryOwner } from './customer-diary.ts'
import { between, normal, type Random, seededRandom } from './random.ts'
import { tradeLead } from './trade-lead.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
/** Who hasn't bought for so long when the data ends is on the way out. */
const LAPSED_MS = 60 * DAY_MS

/** What one customer did besides buying, in no order: made up from his transactions, which must be in time order. */
export function simulateCustomer(
  transactions: readonly Transaction[],
  { owner, seed }: { readonly owner: DiaryOwner; readonly seed: number },
): readonly InputEvent[] {
  const random = seededRandom(`${seed}/${owner.tenantId}/${owner.customerId}`)
  const diary = new CustomerDiary(owner)
  // What makes customers differ: how much they read mail, and how content they are, out of 10.
  const interest = 0.5 * random()
  const content = normal(random, 8.8, 1.5)
  let before = Number.NEGATIVE_INFINITY
  let troubledAt = Number.NEGATIVE_INFINITY
  for (const { type, occurredAt, lines } of transactions) {
    const items = lines.filter(({ category }) => category === null).map(({ itemId }) => itemId)
    if (type === 'REFUND') {
      troubledAt = occurredAt
      if (random() < 0.5) complain(diary, random, occurredAt)
      if (random() < 0.2) answer(diary, random, { kind: 'CSAT', after: occurredAt, mood: content - 4 })
      continue
    }
    newsletter(diary, random, { at: occurredAt, interest })
    if (random() < 0.35) {
      const at = occurredAt - between(random, 4, 144) * HOUR_MS
      if (at > before) visit(diary, random, { at, items })
    }
    visitThatBuys(diary, random, { at: occurredAt, items })
    const mood = occurredAt - troubledAt < 30 * DAY_MS ? content - 2.5 : content
    if (random() < 0.15) answer(diary, random, { kind: 'NPS', after: occurredAt, mood })
    if (random() < 0.08) answer(diary, random, { kind: 'CSAT', after: occurredAt, mood })
    before = occurredAt
  }
  leave(diary, random, { since: transactions.at(-1)?.occurredAt ?? owner.until, content })
  const first = transactions.find(({ type }) => type === 'PURCHASE')
  if (first !== undefined) tradeLead(diary, random, { at: first.occurredAt, interest })
  return diary.events
}

function answer(
  diary: CustomerDiary,
  random: Random,
  { kind, after, mood }: { kind: 'NPS' | 'CSAT'; after: number; mood: number },
): void {
  const felt = normal(random, mood, 1)
  if (kind === 'NPS') {
    const at = after + between(random, 3 * 24, 14 * 24) * HOUR_MS + between(random, 0, 3599) * 1000
    diary.survey('NPS', at, Math.min(10, Math.max(0, Math.round(felt))))
  } else {
    const at = after + between(random, 1, 48) * HOUR_MS + between(random, 0, 3599) * 1000
    diary.survey('CSAT', at, Math.min(5, Math.max(1, Math.round(felt / 2))))
  }
}

/** The last signs of customers who don't come back: fewer visits, a complaint, the newsletter cancelled. */
function leave(
  diary: CustomerDiary,
  random: Random,
  { since, content }: { readonly since: number; readonly content: number },
): void {
  if (diary.owner.until - since < LAPSED_MS) return
  if (random() < 0.4) visit(diary, random, { at: since + between(random, 10, 45) * DAY_MS, items: [] })
  if (random() < 0.15 + (content < 7 ? 0.25 : 0)) complain(diary, random, since + between(random, 5, 40) * DAY_MS)
  if (random() < 0.2) {
    diary.interaction('unsubscribe', since + between(random, 20, 60) * DAY_MS, { channel: 'email' })
  }
}
