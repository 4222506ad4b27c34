import type { TenantSettings } from '../schemas/settings.ts'

/** How many answers of each class. */
export interface NpsCounts {
  readonly promoters: number
  readonly passives: number
  readonly detractors: number
}

export type NpsClass = keyof NpsCounts

export interface NpsScore {
  readonly total: number
  /** -100 to 100, not rounded; null without answers, as are the others. */
  readonly nps: number | null
  readonly low: number | null
  readonly high: number | null
}

/** Answers of 9 and 10, of 7 and 8, of 0 to 6. */
export function npsClassOf(score: number): NpsClass {
  return score >= 9 ? 'promoters' : score >= 7 ? 'passives' : 'detractors'
}

/** Two-sided 95 % of the normal distribution. */
const Z = 1.959963984540054
/** Answers that the adjusted Wald interval adds, and how many of them to promoters and to detractors each. */
const ADDED = 3
const ADDED_EACH = ADDED / 4

/**
 * NPS = 100 (promoters - detractors) / total, with its 95 % confidence interval by the adjusted Wald method: three
 * answers are added (3/4 promoter, 3/2 passive, 3/4 detractor), then p - d ± z √((p + d - (p - d)²) / n), cut at ±100.
 * Rocks (2016), Interval Estimation for the "Net Promoter Score", The American Statistician 70(4), found it the best of
 * six methods; it is meaningful from one answer on, where the plain Wald interval has no width.
 */
export function npsScoreOf({ promoters, passives, detractors }: NpsCounts): NpsScore {
  const total = promoters + passives + detractors
  if (total <= 0) return { total, nps: null, low: null, high: null }
  const n = total + ADDED
  const p = (promoters + ADDED_EACH) / n
  const d = (detractors + ADDED_EACH) / n
  const half = Z * Math.sqrt((p + d - (p - d) ** 2) / n)
  return {
    total,
    nps: (100 * (promoters - detractors)) / total,
    low: Math.max(-100, 100 * (p - d - half)),
    high: Math.min(100, 100 * (p - d + half)),
  }
}

/** The name of the first band that begins at or below the score; limits are compared with the score as it is. */
export function npsBandOf(nps: number | null, bands: TenantSettings['nps']['bands']): string | null {
  if (nps === null) return null
  return bands.find(({ from }) => nps >= from)?.name ?? null
}
