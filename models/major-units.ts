import { minorDigits } from '../schemas/minor-digits.ts'

const POWERS_OF_TEN = [1, 10, 100, 1_000, 10_000] as const

/** An amount in the currency's major unit: 1250 is 12.5 GBP and 1250 JPY. Decimals by ISO 4217, two when not listed. */
export function majorUnits(amountMinor: number, currency: string): number {
  return amountMinor / POWERS_OF_TEN[minorDigits(currency)]!
}
