import type { Step } from '../../schemas/steps.ts'

/** Variables for a process that dies when it has done a step for the n-th time. */
export function crashAfter(step: Step, times: number): Readonly<Record<string, string>> {
  return { CRASH_AT: `${step}:${times}`, NODE_OPTIONS: `--import=${new URL('crash-at.ts', import.meta.url).href}` }
}
