import type { CustomerState } from './customer-state.ts'

/** First byte of an encoded state. */
export const STATE_FORMAT = 1

export function encodeState(_state: CustomerState, _into: Buffer, _at: number): number {
  throw new Error('not yet')
}

export function decodeState(_bytes: Buffer): CustomerState {
  throw new Error('not yet')
}
