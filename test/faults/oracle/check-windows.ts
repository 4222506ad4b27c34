import type { CrossSell } from '../../../schemas/avro/cross-sell.ts'
import type { Nps } from '../../../schemas/avro/nps.ts'
import type { WindowCounts } from './counted-windows.ts'
import { isClose } from './expected-score.ts'
import type { Report } from './findings.ts'
import type { SettingsBook } from './settings-book.ts'

/** A record of a result topic; null: the result was withdrawn. */
export interface Result<T> {
  readonly key: string
  readonly partition: number
  readonly value: T | null
}

/** Two-sided 95 % of the normal distribution. */
const Z = 1.959963984540054

/** After all windows have closed: the newest result of each group is what the answers add up to. */
export function checkNps(
  results: readonly Result<Nps>[],
  { most }: WindowCounts,
  settings: SettingsBook,
  report: Report,
): void {
  const newest = newestOf('nps', results, report)
  const counted = new Set(
    [...most.keys()].flatMap((name) => (/ (?:pro|pas|det)/.test(name) ? [name.replace(/ \w+$/, '')] : [])),
  )
  for (const key of new Set([...counted, ...newest.keys()])) {
    const [promoters, passives, detractors] = ['promoters', 'passives', 'detractors'].map(
      (each) => most.get(`${key} ${each}`) ?? 0,
    ) as [number, number, number]
    const found = newest.get(key)
    if (!found) {
      report('wrongWindows', `${key} has no result`)
      continue
    }
    const total = promoters + passives + detractors
    const nps = total === 0 ? null : (100 * (promoters - detractors)) / total
    const band = nps === null ? null : settings.newest(found.tenantId).nps.bands.find(({ from }) => nps >= from)!.name
    const wanted = { promoters, passives, detractors, total, nps, ...intervalOf(promoters, detractors, total), band }
    tellDifferences(key, { ...wanted, final: !key.includes('/0//'), ...placeOf(key) }, found, report)
  }
}

/** Rocks (2016): 3 answers more, of them 3/4 promoters and 3/4 detractors. */
function intervalOf(
  promoters: number,
  detractors: number,
  total: number,
): { npsLow: number | null; npsHigh: number | null } {
  if (total === 0) return { npsLow: null, npsHigh: null }
  const [p, d] = [(promoters + 0.75) / (total + 3), (detractors + 0.75) / (total + 3)]
  const half = 100 * Z * Math.sqrt((p + d - (p - d) ** 2) / (total + 3))
  return { npsLow: Math.max(-100, 100 * (p - d) - half), npsHigh: Math.min(100, 100 * (p - d) + half) }
}

/** After all windows have closed: the newest result of each pair is what the orders add up to, and no pair has too many. */
export function checkCrossSell(results: readonly Result<CrossSell>[], counts: WindowCounts, report: Report): void {
  const newest = newestOf('cross-sell', results, report)
  const pairs = [...counts.most.keys()].filter((name) => /\/[^/]+\+[^/]+$/.test(name))
  for (const key of new Set([...pairs, ...newest.keys()])) {
    const at = key.lastIndexOf('/')
    const window = key.slice(0, at)
    const [a = '', b = ''] = key.slice(at + 1).split('+')
    const found = newest.get(key) ?? null
    const [least, most] = rangeOf(counts, key)
    if (found === null || most === 0) {
      if (least > 0 || found !== null) report('wrongWindows', `${key} has ${found?.orders ?? 'no'} orders, not ${most}`)
      continue
    }
    const names = { orders: key, ordersA: `${window}/${a}`, ordersB: `${window}/${b}`, totalOrders: window } as const
    for (const [field, name] of Object.entries(names) as [keyof typeof names, string][]) {
      const [from, to] = rangeOf(counts, name)
      if (found[field] < from || found[field] > to) {
        report('wrongWindows', `${key} has the ${field} ${found[field]}, not ${from === to ? to : `${from} to ${to}`}`)
      }
    }
    const { orders, ordersA, ordersB, totalOrders } = found
    const shares = {
      support: orders / totalOrders,
      confidenceAB: orders / ordersA,
      confidenceBA: orders / ordersB,
      lift: (orders * totalOrders) / (ordersA * ordersB),
    }
    const names2 = { a: decodeURIComponent(a), b: decodeURIComponent(b), maxError: 0, final: !key.includes('/0//') }
    tellDifferences(key, { ...shares, ...names2, ...placeOf(key) }, found, report)
  }
}

function rangeOf({ least, most }: WindowCounts, name: string): [number, number] {
  return [least.get(name) ?? 0, most.get(name) ?? 0]
}

/** By key; also checks that a key stays in its partition and that its final results are numbered without repetition. */
function newestOf<T extends Nps | CrossSell>(
  topic: string,
  results: readonly Result<T>[],
  report: Report,
): Map<string, T | null> {
  const newest = new Map<string, T | null>()
  const partitions = new Map<string, number>()
  const revisions = new Map<string, number>()
  for (const { key, partition, value } of results) {
    if ((partitions.get(key) ?? partition) !== partition)
      report('wrongWindows', `${topic} has ${key} in two partitions`)
    partitions.set(key, partition)
    newest.set(key, value)
    if (!value?.final) continue
    const before = revisions.get(key)
    // Of NPS each result is corrected for itself, of pairs a window as a whole.
    const isNext = topic === 'nps' ? value.revision === (before ?? -1) + 1 : value.revision > (before ?? -1)
    if (!isNext) report('wrongWindows', `${topic} has revision ${value.revision} of ${key} after ${before ?? 'none'}`)
    revisions.set(key, value.revision)
  }
  return newest
}

function placeOf(key: string): Record<string, unknown> {
  const [tenantId, , start, end] = key.split('/')
  return { tenantId, windowStart: Number(start), windowEnd: end === '' ? null : Number(end) }
}

function tellDifferences(key: string, wanted: object, found: object, report: Report): void {
  for (const [name, value] of Object.entries(wanted)) {
    const had: unknown = (found as Record<string, unknown>)[name]
    const isShare = typeof value === 'number' && !Number.isInteger(value)
    const same = isShare && typeof had === 'number' ? isClose(had, value) : had === value
    if (!same) report('wrongWindows', `${key} has the ${name} ${had}, not ${value}`)
  }
}
