import type { InputEvent } from '../../schemas/events.ts'
import type { Position } from './record-splitter.ts'
import type { RejectReason } from './rejection.ts'

/** A line of the rejects file. */
export interface RejectedLine {
  /** Physical line, from 1, where the rejected record begins. */
  readonly line: number
  readonly reason: RejectReason
  /** The event's field or the file's column; empty when the whole line is meant. */
  readonly field: string
  readonly problem: string
  /** Records that are lost with it: the other lines of its group. */
  readonly records: number
  /** The record, cut. */
  readonly text: string
}

/** What became of one record, or of one group of them. */
export type ReplayItem = {
  readonly records: number
  /** Where a replay may start again after this item; null inside interleaved groups. */
  readonly resume: Position | null
} & (
  | { readonly kind: 'event'; readonly event: InputEvent }
  | { readonly kind: 'skip'; readonly reason: string }
  | { readonly kind: 'reject'; readonly rejected: RejectedLine }
)
