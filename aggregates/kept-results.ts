import type { TenantSettings } from '../schemas/settings.ts'
import type { AggregateChanges, AggregateResult } from './changes.ts'
import type { AggregateClock } from './source-times.ts'

/** Results whose ids stand in one entry. */
const IDS = 500

interface Part {
  readonly closedAt: number
  readonly ids: readonly string[]
}

/**
 * The results of closed windows that are no longer counted: which there are, so that they are taken out of topic and view
 * when `windows.resultsKeptMs` have passed since their window was closed. An entry of `aggregate-state` of up to 500 of them:
 * `<scope>/r/<start>/<end>/<number>`, JSON.
 */
export class KeptResults {
  readonly #scope: string
  /** Those that wait, by entry key; encoded, as they wait long. */
  readonly #parts = new Map<string, { readonly closedAt: number; readonly value: Buffer }>()
  readonly #withdraw: (result: string) => AggregateResult
  #new: { key: string; value: Buffer }[] = []

  /** @param withdraw makes the record that takes back `<start>/<end>/<id>` */
  constructor(scope: string, withdraw: (result: string) => AggregateResult) {
    this.#scope = scope
    this.#withdraw = withdraw
  }

  restore(window: string, number: string, value: Buffer): void {
    const { closedAt } = JSON.parse(value.toString()) as Part
    this.#parts.set(`${this.#scope}/r/${window}/${number}`, { closedAt, value })
  }

  /** @param window `<start>/<end>` of a window that goes */
  add(window: string, closedAt: number, ids: readonly string[]): void {
    for (let from = 0; from < ids.length; from += IDS) {
      const key = `${this.#scope}/r/${window}/${from / IDS}`
      const value = Buffer.from(JSON.stringify({ closedAt, ids: ids.slice(from, from + IDS) } satisfies Part))
      this.#parts.set(key, { closedAt, value })
      this.#new.push({ key, value })
    }
  }

  /** Takes back what is due, while fewer than `limit` results are sent. @returns how many were */
  flush({ readUpTo }: AggregateClock, { windows }: TenantSettings, limit: number, into: AggregateChanges): number {
    for (const entry of this.#new) into.entries.push(entry)
    this.#new = []
    const keptMs = Math.max(windows.resultsKeptMs, windows.keptMs)
    let sent = 0
    for (const [key, { closedAt, value }] of this.#parts) {
      if (sent >= limit || readUpTo - closedAt < keptMs) continue
      const [start, end] = key.slice(this.#scope.length + '/r/'.length).split('/')
      const { ids } = JSON.parse(value.toString()) as Part
      for (const id of ids) into.results.push(this.#withdraw(`${start}/${end}/${id}`))
      into.entries.push({ key, value: null })
      this.#parts.delete(key)
      sent += ids.length
    }
    return sent
  }
}
