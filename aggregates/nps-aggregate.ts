import { npsBandOf, npsScoreOf } from '../models/nps-score.ts'
import { hopOf, type Window } from '../models/windows.ts'
import type { Nps } from '../schemas/avro/nps.ts'
import type { NpsDelta } from '../schemas/avro/nps-delta.ts'
import type { TenantSettings } from '../schemas/settings.ts'
import { type AggregateChanges, type DeltaRefusal, windowsGone } from './changes.ts'
import { decodeNumbers, encodeNumbers } from './entry-numbers.ts'
import { KeptResults } from './kept-results.ts'
import { SendQueue } from './send-queue.ts'
import type { AggregateClock } from './source-times.ts'
import { type WindowState, WindowTable, windowKey } from './window-table.ts'

/** The value under which the groups beyond `nps.maxGroups` are counted. */
export const OTHER_GROUPS = '(other)'

interface NpsWindow extends WindowState {
  readonly groups: Map<string, NpsGroup>
  /** How many values of each attribute are counted on their own. */
  readonly values: Map<string, number>
  /** Groups that wait to be sent. */
  waiting: number
}

interface NpsGroup {
  readonly of: NpsWindow
  /** Of state and results: empty for all answers, else `<attribute>=<value>`, percent-encoded. */
  readonly id: string
  readonly key: string | null
  readonly value: string | null
  promoters: number
  passives: number
  detractors: number
  /** Final results sent: the revision of the next one. */
  finals: number
  /** Has moved since it was sent. */
  moved: boolean
}

/** NPS of one tenant in all its windows: counts by group. */
export class NpsAggregate {
  readonly #scope: string
  readonly #tenantId: string
  readonly #table: WindowTable<NpsWindow>
  readonly #queue = new SendQueue<NpsGroup>()
  readonly #kept: KeptResults
  readonly #changed = new Set<NpsGroup>()
  readonly #changedWindows = new Set<NpsWindow>()
  #sourcesChanged = false

  constructor(scope: string, tenantId: string, partitions: number) {
    this.#scope = scope
    this.#tenantId = tenantId
    this.#kept = new KeptResults(scope, (result) => ({ topic: 'nps', key: this.#resultKey(result), value: null }))
    this.#table = new WindowTable(partitions, (key, window) => ({
      key,
      window,
      closedAt: null,
      groups: new Map(),
      values: new Map(),
      waiting: 0,
    }))
  }

  /** Takes an entry of `aggregate-state`; they may come in any order. */
  restore(type: string, window: Window, id: string, value: Buffer): void {
    if (type === 'r') {
      this.#kept.restore(windowKey(window), id, value)
      return
    }
    const numbers = decodeNumbers(value)
    if (type === '') {
      this.#table.restore(numbers)
      return
    }
    const of = this.#table.restored(window)
    if (type === 'w') {
      of.closedAt = numbers[0] === 1 ? numbers[1]! : null
      return
    }
    const [key, name] = id === '' ? [null, null] : (id.split('=').map(decodeURIComponent) as [string, string])
    const group = this.#group(of, key, name)
    const [promoters, passives, detractors, finals, moved] = numbers
    Object.assign(group, { promoters, passives, detractors, finals, moved: moved === 1 })
    if (group.moved) this.#enqueue(group)
  }

  /** @param writtenAt timestamp of the delta's record */
  add({ source, streamTime, windows }: NpsDelta, writtenAt: number, settings: TenantSettings): DeltaRefusal | null {
    const gone: string[] = []
    for (const { start, end, groups } of windows) {
      const of = this.#table.find({ start, end })
      if (of === null) {
        gone.push(`${start}-${end}`)
        continue
      }
      for (const delta of groups) {
        const group = this.#groupWithin(of, delta.key, delta.value, settings.nps.maxGroups)
        group.promoters += delta.promoters
        group.passives += delta.passives
        group.detractors += delta.detractors
        group.moved = true
        this.#changed.add(group)
        this.#enqueue(group)
      }
    }
    this.#table.sources.observe(source, streamTime, writtenAt)
    this.#sourcesChanged = true
    return windowsGone(this.#scope, gone)
  }

  /** Closes windows, sends what is due, `limit` results at most, and says what changed. @returns how many were sent */
  flush(clock: AggregateClock, settings: TenantSettings, limit: number, into: AggregateChanges): number {
    for (const window of this.#table.close(clock, settings)) {
      this.#changedWindows.add(window)
      for (const group of window.groups.values()) {
        group.moved = true
        this.#changed.add(group)
        this.#enqueue(group)
      }
    }
    const due = this.#queue.take(clock.now, settings.windows.emitIntervalMs, limit)
    for (const group of due) {
      into.results.push({
        topic: 'nps',
        key: this.#resultKey(`${group.of.key}/${group.id}`),
        value: this.#resultOf(group, settings, clock.now),
      })
      group.moved = false
      group.of.waiting--
      if (group.of.closedAt !== null) group.finals++
      this.#changed.add(group)
    }
    this.#writeEntries(
      this.#table.remove(clock, settings, ({ waiting }) => waiting === 0),
      into,
    )
    return due.length + this.#kept.flush(clock, settings, limit - due.length, into)
  }

  #groupWithin(of: NpsWindow, key: string | null, value: string | null, maxGroups: number): NpsGroup {
    if (key === null || value === null) return this.#group(of, null, null)
    if ((of.values.get(key) ?? 0) < maxGroups || of.groups.has(groupId(key, value))) return this.#group(of, key, value)
    return this.#group(of, key, OTHER_GROUPS)
  }

  #group(of: NpsWindow, key: string | null, value: string | null): NpsGroup {
    const id = groupId(key, value)
    const known = of.groups.get(id)
    if (known !== undefined) return known
    const counts = { promoters: 0, passives: 0, detractors: 0, finals: 0, moved: false }
    const group: NpsGroup = { of, id, key, value, ...counts }
    of.groups.set(id, group)
    if (key !== null && value !== OTHER_GROUPS) of.values.set(key, (of.values.get(key) ?? 0) + 1)
    return group
  }

  #enqueue(group: NpsGroup): void {
    if (this.#queue.add(group)) group.of.waiting++
  }

  /** @param result `<start>/<end>/<group>` */
  #resultKey(result: string): string {
    return `${this.#tenantId}/NPS/${result}`
  }

  #resultOf(group: NpsGroup, settings: TenantSettings, now: number): Nps {
    const { of, key, value, promoters, passives, detractors } = group
    const { total, nps, low, high } = npsScoreOf(group)
    return {
      tenantId: this.#tenantId,
      surveyKind: 'NPS',
      groupKey: key,
      groupValue: value,
      windowStart: of.window.start,
      windowEnd: of.window.end,
      windowHopMs: hopOf(of.window, settings, 'nps'),
      promoters,
      passives,
      detractors,
      total,
      nps,
      npsLow: low,
      npsHigh: high,
      band: npsBandOf(nps, settings.nps.bands),
      final: of.closedAt !== null,
      revision: group.finals,
      updatedAt: now,
    }
  }

  #writeEntries(gone: readonly NpsWindow[], { entries }: AggregateChanges): void {
    for (const { of, id, promoters, passives, detractors, finals, moved } of this.#changed) {
      const value = encodeNumbers([promoters, passives, detractors, finals, moved ? 1 : 0])
      entries.push({ key: `${this.#scope}/g/${of.key}/${id}`, value })
    }
    this.#changed.clear()
    for (const { key, closedAt } of this.#changedWindows) {
      entries.push({ key: `${this.#scope}/w/${key}`, value: encodeNumbers([1, closedAt!]) })
    }
    this.#changedWindows.clear()
    for (const { key, groups, closedAt } of gone) {
      // Its results are kept for longer.
      this.#kept.add(key, closedAt!, [...groups.keys()])
      for (const id of groups.keys()) entries.push({ key: `${this.#scope}/g/${key}/${id}`, value: null })
      entries.push({ key: `${this.#scope}/w/${key}`, value: null })
    }
    if (this.#sourcesChanged || gone.length > 0) {
      entries.push({ key: this.#scope, value: encodeNumbers(this.#table.toNumbers()) })
    }
    this.#sourcesChanged = false
  }
}

function groupId(key: string | null, value: string | null): string {
  return key === null || value === null ? '' : `${encodeURIComponent(key)}=${encodeURIComponent(value)}`
}
