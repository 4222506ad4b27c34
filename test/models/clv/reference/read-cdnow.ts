import { readFileSync } from 'node:fs'
import type { PurchaseHistory } from '../../../../models/clv/purchase-history.ts'

export interface CdnowCustomer {
  /** In weeks, as in the literature. */
  readonly history: PurchaseHistory
  /** Mean value of the repeat purchases, US dollars. */
  readonly mean: number
}

/** The CDNOW sample. */
export function readCdnow(): CdnowCustomer[] {
  const [, ...rows] = readFileSync(new URL('./cdnow.csv', import.meta.url), 'utf8')
    .trim()
    .split('\n')
  return rows.map((row) => {
    const [repeats, recencyDays, ageDays, meanCents] = row.split(',').map(Number) as [number, number, number, number]
    return { history: { repeats, recency: recencyDays / 7, age: ageDays / 7 }, mean: meanCents / 100 }
  })
}
