import type { Clock } from './clock.ts'
import type { ReplayProgress } from './replay.ts'

const BAR_WIDTH = 24
const TTY_INTERVAL_MS = 100
const PLAIN_INTERVAL_MS = 5000

/** Where progress is drawn: `process.stderr` fits. */
export interface ProgressOutput {
  readonly isTTY?: boolean
  readonly columns?: number
  write(text: string): unknown
}

/**
 * Shows how far a replay is: on a terminal a bar that is drawn over itself, elsewhere a line every 5 s. Percent and time
 * left go by the bytes read of the file as it lies on the disk.
 */
export class ProgressReporter {
  readonly #output: ProgressOutput
  readonly #clock: Pick<Clock, 'now'>
  readonly #name: string
  #start: { readonly at: number; readonly events: number; readonly bytesRead: number } | null = null
  #lastDrawn: number
  #isLineOpen = false

  constructor(output: ProgressOutput, clock: Pick<Clock, 'now'>, name: string) {
    this.#output = output
    this.#clock = clock
    this.#name = name
    this.#lastDrawn = clock.now()
  }

  update(progress: ReplayProgress): void {
    const now = this.#clock.now()
    this.#start ??= { at: now, events: progress.counts.events, bytesRead: progress.bytesRead }
    const isTty = this.#output.isTTY === true
    if (now - this.#lastDrawn < (isTty ? TTY_INTERVAL_MS : PLAIN_INTERVAL_MS)) return
    this.#lastDrawn = now
    const line = this.#describe(progress, now)
    this.#isLineOpen = isTty
    this.#output.write(isTty ? `\r${line.slice(0, (this.#output.columns ?? 120) - 1)}\u001b[K` : `${line}\n`)
  }

  /** Takes the bar away, so that what follows starts on a clean line. */
  clear(): void {
    if (this.#isLineOpen) this.#output.write('\r\u001b[K')
    this.#isLineOpen = false
  }

  #describe({ bytesRead, bytes, counts }: ReplayProgress, now: number): string {
    const start = this.#start!
    const share = bytes === 0 ? 1 : Math.min(1, bytesRead / bytes)
    const seconds = (now - start.at) / 1000
    const perSecond = seconds > 0 ? (counts.events - start.events) / seconds : 0
    const bytesPerSecond = seconds > 0 ? (bytesRead - start.bytesRead) / seconds : 0
    const left = bytesPerSecond > 0 ? duration((bytes - bytesRead) / bytesPerSecond) : '–'
    const full = Math.round(share * BAR_WIDTH)
    const bar = `${'█'.repeat(full)}${'░'.repeat(BAR_WIDTH - full)}`
    const rejected = counts.rejectedRecords > 0 ? `, ${counts.rejectedRecords} rejected` : ''
    const figures = `${counts.events} events, ${Math.round(perSecond)}/s${rejected}, ${left} left`
    return `${this.#name} ${bar} ${String(Math.floor(share * 100)).padStart(3)}%  ${figures}`
  }
}

function duration(seconds: number): string {
  const whole = Math.max(0, Math.ceil(seconds))
  const minutes = Math.floor(whole / 60)
  return minutes > 0 ? `${minutes}m${String(whole % 60).padStart(2, '0')}s` : `${whole}s`
}
