const DAY_MS = 86_400_000

/** The days between consecutive purchases: how many gaps, their mean and sample variance; 0 where undefined. */
export interface PurchaseGaps {
  readonly gaps: number
  readonly meanDays: number
  readonly varianceDays: number
}

/** @param times of purchases in the order in which they came; one that is older than a purchase before it adds no gap */
export function purchaseGaps(times: readonly number[]): PurchaseGaps {
  const inOrder: number[] = []
  for (const at of times) if (at >= (inOrder.at(-1) ?? at)) inOrder.push(at)
  const gaps = inOrder.slice(1).map((at, i) => (at - inOrder[i]!) / DAY_MS)
  const meanDays = gaps.length === 0 ? 0 : sum(gaps) / gaps.length
  const squares = sum(gaps.map((days) => (days - meanDays) ** 2))
  return { gaps: gaps.length, meanDays, varianceDays: gaps.length < 2 ? 0 : squares / (gaps.length - 1) }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
