/** An exact decimal number: units × 10^-scale. */
export interface Decimal {
  readonly units: bigint
  readonly scale: number
}

export const ZERO: Decimal = { units: 0n, scale: 0 }

/** More digits than any amount has; bounds what one hostile cell can cost. */
const MAX_DIGITS = 40
const DECIMAL = /^([+-]?)(\d*)(?:\.(\d*))?$/

/** `-12.50` as 1250 × 10^-2; null for anything else: exponents, thousands separators, currency signs, nothing. */
export function parseDecimal(text: string): Decimal | null {
  const match = text.length > MAX_DIGITS ? null : DECIMAL.exec(text)
  if (match === null) return null
  const [, sign = '', whole = '', fraction = ''] = match
  if (whole === '' && fraction === '') return null
  const magnitude = BigInt(whole + fraction)
  return { units: sign === '-' ? -magnitude : magnitude, scale: fraction.length }
}

export function add(a: Decimal, b: Decimal): Decimal {
  const scale = Math.max(a.scale, b.scale)
  return { units: unitsAt(a, scale) + unitsAt(b, scale), scale }
}

export function multiply(a: Decimal, b: Decimal): Decimal {
  return { units: a.units * b.units, scale: a.scale + b.scale }
}

export function negate({ units, scale }: Decimal): Decimal {
  return { units: -units, scale }
}

/** Whole units of 10^-digits, half away from zero; null beyond the integers that a number holds exactly. */
export function toScale(value: Decimal, digits: number): number | null {
  const number = Number(roundTo(value, digits))
  return Number.isSafeInteger(number) ? number + 0 : null
}

/** The integer that the decimal is, `10.0` included; null when it has a fraction or is too large. */
export function toInteger(value: Decimal): number | null {
  const rounded = roundTo(value, 0)
  if (unitsAt({ units: rounded, scale: 0 }, value.scale) !== value.units) return null
  return toScale(value, 0)
}

function roundTo({ units, scale }: Decimal, digits: number): bigint {
  if (scale <= digits) return unitsAt({ units, scale }, digits)
  const divisor = 10n ** BigInt(scale - digits)
  const half = divisor / 2n
  return (units < 0n ? units - half : units + half) / divisor
}

function unitsAt({ units, scale }: Decimal, at: number): bigint {
  return scale === at ? units : units * 10n ** BigInt(at - scale)
}
