import type { TenantSettings } from '../schemas/settings.ts'

const UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 7 * 86_400_000 } as const
/** Weeks are said as days: 7d, as the documentation has it. */
const SAID = ['d', 'h', 'm', 's', 'ms'] as const

/** @returns ms; null: it isn't a size */
export function parseSize(text: string): number | null {
  const [, count, unit] = /^(\d{1,9})(ms|s|m|h|d|w)$/.exec(text) ?? []
  return count !== undefined && Number(count) > 0 ? Number(count) * UNITS[unit as keyof typeof UNITS] : null
}

/** What a tenant may ask for as `window`: ever, and the sizes of his settings, ascending. */
export function configuredWindows({ tumblingMs, hopping }: TenantSettings['nps' | 'crossSell']): string[] {
  const sizes = new Set([...tumblingMs, ...hopping.map(({ sizeMs }) => sizeMs)])
  return ['ever', ...[...sizes].sort((one, other) => one - other).map(sizeText)]
}

function sizeText(ms: number): string {
  const unit = SAID.find((each) => ms % UNITS[each] === 0)!
  return `${ms / UNITS[unit]}${unit}`
}
