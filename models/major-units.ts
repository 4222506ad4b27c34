const NO_DECIMALS = 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF'
const THREE_DECIMALS = 'BHD IQD JOD KWD LYD OMR TND'
const FOUR_DECIMALS = 'CLF UYW'

const minorPerMajor = new Map<string, number>([
  ...NO_DECIMALS.split(' ').map((code) => [code, 1] as const),
  ...THREE_DECIMALS.split(' ').map((code) => [code, 1_000] as const),
  ...FOUR_DECIMALS.split(' ').map((code) => [code, 10_000] as const),
])

/** An amount in the currency's major unit: 1250 is 12.5 GBP and 1250 JPY. Decimals by ISO 4217, two when not listed. */
export function majorUnits(amountMinor: number, currency: string): number {
  return amountMinor / (minorPerMajor.get(currency) ?? 100)
}
