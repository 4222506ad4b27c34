/** Lead grades, lowest first: grade i begins at edge i − 1 of the tenant's `thresholds.lead`. */
export const LEAD_GRADES = ['F', 'D', 'C', 'B', 'A'] as const
export type LeadGrade = (typeof LEAD_GRADES)[number]

/** Churn bands, lowest first: band i begins at edge i − 1 of the tenant's `thresholds.churn`. */
export const CHURN_BANDS = ['Low', 'Medium', 'High'] as const
export type ChurnBand = (typeof CHURN_BANDS)[number]

/** The class a value lies in: how many of the ascending edges it has reached. */
export function classOf(value: number, edges: readonly number[]): number {
  let reached = 0
  while (reached < edges.length && value >= edges[reached]!) reached++
  return reached
}
