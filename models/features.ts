import type { CustomerState } from '../schemas/customer-state.ts'

export interface Feature {
  readonly name: string
  readonly doc: string
  readonly unit: string
}
export const FEATURES: readonly Feature[] = []
export const FEATURE_COUNT = FEATURES.length

export function computeFeatures(_state: CustomerState, _asOf: number, _out: Float64Array): void {}
