import type { TenantSettings } from '../schemas/settings.ts'

/** A span of event time: start inclusive, end exclusive, epoch ms. Since-ever: start 0, end null. */
export interface Window {
  readonly start: number
  readonly end: number | null
}

export type WindowedKind = 'nps' | 'crossSell'

export const SINCE_EVER: Window = Object.freeze({ start: 0, end: null })

/**
 * The windows that hold an instant: tumbling, then hopping ones by size and start, then since-ever. Two sizes that give
 * the same span give it once. Spans are aligned to multiples of size (or hop) since 1970 UTC, plus `windows.offsetMs`.
 */
export function windowsOf(time: number, settings: TenantSettings, kind: WindowedKind): Window[] {
  const { offsetMs } = settings.windows
  const { tumblingMs, hopping } = settings[kind]
  const windows: Window[] = []
  for (const sizeMs of tumblingMs) addSpans(windows, time - offsetMs, offsetMs, sizeMs, sizeMs)
  for (const { sizeMs, hopMs } of hopping) addSpans(windows, time - offsetMs, offsetMs, sizeMs, hopMs)
  windows.push(SINCE_EVER)
  return windows
}

function addSpans(windows: Window[], time: number, offsetMs: number, sizeMs: number, hopMs: number): void {
  const last = Math.floor(time / hopMs) * hopMs
  // The first start after time - size: as many as fit, also where the size isn't a multiple of the hop.
  for (let start = Math.floor((time - sizeMs) / hopMs) * hopMs + hopMs; start <= last; start += hopMs) {
    const from = start + offsetMs
    const end = from + sizeMs
    if (!windows.some((other) => other.start === from && other.end === end)) windows.push({ start: from, end })
  }
}

/** The latest end among the windows that hold an instant, since-ever aside; -Infinity when there is only that. */
export function latestEndOf(time: number, settings: TenantSettings, kind: WindowedKind): number {
  const { offsetMs } = settings.windows
  const { tumblingMs, hopping } = settings[kind]
  let latest = Number.NEGATIVE_INFINITY
  for (const sizeMs of tumblingMs) latest = Math.max(latest, lastEnd(time - offsetMs, sizeMs, sizeMs))
  for (const { sizeMs, hopMs } of hopping) latest = Math.max(latest, lastEnd(time - offsetMs, sizeMs, hopMs))
  return latest + offsetMs
}

function lastEnd(time: number, sizeMs: number, hopMs: number): number {
  return Math.floor(time / hopMs) * hopMs + sizeMs
}

/** Whether a window still takes events: its end and the grace are not behind the stream time. */
export function isOpen({ end }: Window, streamTime: number, settings: TenantSettings): boolean {
  return end === null || streamTime < end + settings.windows.graceMs
}

/** From one window of this size to the next, ms; null for since-ever and for a size that isn't configured (any more). */
export function hopOf({ start, end }: Window, settings: TenantSettings, kind: WindowedKind): number | null {
  if (end === null) return null
  const { tumblingMs, hopping } = settings[kind]
  if (tumblingMs.includes(end - start)) return end - start
  const hops = hopping.filter(({ sizeMs }) => sizeMs === end - start).map(({ hopMs }) => hopMs)
  return hops.length === 0 ? null : Math.min(...hops)
}

/**
 * A number for the windows that settings ask for, 32 bits: what was counted under another number was counted in other
 * windows, and can't be taken back from these.
 */
export function windowsVersion(settings: TenantSettings, kind: WindowedKind): number {
  const { tumblingMs, hopping } = settings[kind]
  const numbers = [
    settings.windows.offsetMs,
    ...tumblingMs,
    -1,
    ...hopping.flatMap(({ sizeMs, hopMs }) => [sizeMs, hopMs]),
  ]
  let hash = 0x811c9dc5
  for (const number of numbers) {
    hash = Math.imul(hash ^ (number % 2 ** 32), 0x01000193)
    hash = Math.imul(hash ^ Math.floor(number / 2 ** 32), 0x01000193)
  }
  return hash
}
