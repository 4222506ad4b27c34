import { isOpen, type Window } from '../models/windows.ts'
import type { TenantSettings } from '../schemas/settings.ts'
import { type AggregateClock, SourceTimes } from './source-times.ts'

/** What every window has, whatever is counted in it. */
export interface WindowState {
  /** `<start>/<end>`, end empty for since-ever: part of keys. */
  readonly key: string
  readonly window: Window
  /** When it was closed, by `readUpTo`; null: it is open. */
  closedAt: number | null
}

export function windowKey({ start, end }: Window): string {
  return `${start}/${end ?? ''}`
}

/** The windows of one tenant and kind: which there are, which close, which go. */
export class WindowTable<W extends WindowState> {
  readonly sources: SourceTimes
  readonly #windows = new Map<string, W>()
  readonly #create: (key: string, window: Window) => W
  #goneThrough = Number.NEGATIVE_INFINITY

  constructor(partitions: number, create: (key: string, window: Window) => W) {
    this.sources = new SourceTimes(partitions)
    this.#create = create
  }

  values(): IterableIterator<W> {
    return this.#windows.values()
  }

  /** The window, made when it isn't there; null when it may have been there and is gone: counts would begin again at 0. */
  find(window: Window): W | null {
    const known = this.#windows.get(windowKey(window))
    if (known !== undefined) return known
    if (window.end !== null && window.end <= this.#goneThrough) return null
    return this.restored(window)
  }

  /** The window, made when it isn't there. */
  restored(window: Window): W {
    const key = windowKey(window)
    let found = this.#windows.get(key)
    if (found === undefined) {
      found = this.#create(key, window)
      this.#windows.set(key, found)
    }
    return found
  }

  /** Closes the windows whose end and grace every source has passed. */
  close({ readUpTo }: AggregateClock, settings: TenantSettings): W[] {
    const passed = this.sources.passedBy(readUpTo, settings.windows.idleMs)
    const closed = [...this.#windows.values()].filter(
      ({ window, closedAt }) => closedAt === null && !isOpen(window, passed, settings),
    )
    for (const window of closed) window.closedAt = readUpTo
    return closed
  }

  /** Lets the windows go that were closed `keptMs` ago. */
  remove({ readUpTo }: AggregateClock, settings: TenantSettings, mayGo: (window: W) => boolean): W[] {
    const gone = [...this.#windows.values()].filter(
      (each) => each.closedAt !== null && readUpTo - each.closedAt >= settings.windows.keptMs && mayGo(each),
    )
    for (const { key, window } of gone) {
      this.#windows.delete(key)
      this.#goneThrough = Math.max(this.#goneThrough, window.end!)
    }
    return gone
  }

  toNumbers(): number[] {
    const isAnyGone = this.#goneThrough !== Number.NEGATIVE_INFINITY
    return [isAnyGone ? 1 : 0, isAnyGone ? this.#goneThrough : 0, ...this.sources.toNumbers()]
  }

  restore([isAnyGone, goneThrough, ...sources]: readonly number[]): void {
    if (isAnyGone === 1) this.#goneThrough = goneThrough!
    this.sources.restore(sources)
  }
}
