import type { InputEvent } from '../../../schemas/events.ts'
import { CountedAnswers, type Counts } from './counted-answers.ts'
import { CountedOrders } from './counted-orders.ts'
import type { LogRecord } from './evidence.ts'
import type { Settings } from './settings-book.ts'
import type { Bounds } from './stream-bounds.ts'

/** What must be counted in windows; less and more where a refund may or may not have been late. */
export interface WindowCounts {
  readonly least: Counts
  readonly most: Counts
}

/** An event that was scored. */
export interface Counted {
  readonly input: InputEvent
  /** Different for each life of a customer. */
  readonly customer: string
  readonly settings: Settings
  readonly bounds: Bounds
  /** Of stage `window`. */
  readonly letter: LogRecord | undefined
}

/**
 * What the events of a partition count in windows. Whether an event was late depends on the stream time when it came:
 * of what was late its dead letter tells, which must be right; what has none must have been in time.
 */
export class CountedWindows {
  readonly #answers = new CountedAnswers()
  /** Refunds that may have been late were in time, or were not. */
  readonly #orders = { least: new CountedOrders(), most: new CountedOrders() }

  /** @returns what is wrong with its dead letter, or that it has none; null for nothing */
  add({ input, customer, settings, bounds, letter }: Counted): string | null {
    const told = /the stream time is (-?\d+)/.exec(letter?.headers.get('error') ?? '')
    const streamTime = told === null ? bounds.from : Number(told[1])
    if (told !== null && (streamTime < bounds.from || streamTime > bounds.to)) {
      return `was late at a stream time of ${streamTime}, which was ${bounds.from} to ${bounds.to}`
    }
    const reason = this.#count(input, customer, settings, { streamTime, latest: bounds.to })
    const found = letter?.headers.get('reason') ?? null
    return reason === found ? null : `has the dead letter ${found} of stage window, not ${reason}`
  }

  counts(): WindowCounts {
    const least: Counts = new Map()
    const most: Counts = new Map()
    for (const counts of [least, most]) this.#answers.addTo(counts)
    this.#orders.least.addTo(least)
    this.#orders.most.addTo(most)
    return { least, most }
  }

  #count(
    input: InputEvent,
    customer: string,
    settings: Settings,
    { streamTime, latest }: { readonly streamTime: number; readonly latest: number },
  ): string | null {
    if (input.topic === 'surveys') return this.#answers.add(input.event, customer, settings, streamTime)
    if (input.topic !== 'transactions') return null
    const isRefund = input.event.type === 'REFUND'
    this.#orders.most.add(input.event, customer, settings, isRefund ? latest : streamTime)
    return this.#orders.least.add(input.event, customer, settings, streamTime)
  }
}

export function addCounts(to: WindowCounts, from: WindowCounts): void {
  for (const part of ['least', 'most'] as const) {
    for (const [name, counted] of from[part]) to[part].set(name, (to[part].get(name) ?? 0) + counted)
  }
}
