import { channel } from 'node:diagnostics_channel'

/**
 * The steps of a takeover and of a unit of work, each named by what has just been done. Stopping after any of them must be
 * harmless.
 */
export const STEPS = [
  'fenced',
  'offsets-read',
  'view-emptied',
  'slice-restored',
  'view-restored',
  'batch-processed',
  'transaction-begun',
  'records-sent',
  'offsets-sent',
  'transaction-written',
  'transaction-ended',
  'view-written',
] as const
export type Step = (typeof STEPS)[number]

/** Gets the name of each step. Nothing in production subscribes to it: without a subscriber a step costs one look. */
export const STEP_CHANNEL = 'everscore:steps'
const steps = channel(STEP_CHANNEL)

export function stepDone(step: Step): void {
  if (steps.hasSubscribers) steps.publish(step)
}
