import { usageError } from '../../schemas/command-args.ts'

/** How fast events go out. */
export type Rate =
  | { readonly kind: 'max' }
  | { readonly kind: 'per-second'; readonly events: number }
  /** Event time passes so many times faster than the clock. */
  | { readonly kind: 'scaled'; readonly factor: number }

/**
 * `max`, `500/s`, or `3600x` (an hour of event time a second).
 * @throws AppError USAGE for anything else, and for 0
 */
export function parseRate(text: string): Rate {
  if (text === 'max') return { kind: 'max' }
  const match = /^(\d+(?:\.\d+)?)(\/s|x)$/.exec(text)
  const value = Number(match?.[1] ?? 0)
  if (match === null || value <= 0) {
    throw usageError('--rate', `must be max, 500/s or 3600x, not ${JSON.stringify(text)}`)
  }
  return match[2] === 'x' ? { kind: 'scaled', factor: value } : { kind: 'per-second', events: value }
}
