import type { NpsDelta } from '../schemas/avro/nps-delta.ts'
import type { NpsChange } from './event-context.ts'

type WindowDelta = NpsDelta['windows'][number]
type GroupDelta = WindowDelta['groups'][number]

/** Groups of one record: with the longest names and values 1,200 bytes each, below the 8 MiB that the topic takes. */
const GROUPS_A_PART = 5_000

/** What the answers of a batch add to the NPS windows of a tenant, summed by window and group. */
export class NpsChanges {
  readonly #windows = new Map<string, { start: number; end: number | null; groups: Map<string, GroupDelta> }>()

  /** @returns how many groups it met for the first time */
  add({ windows, groups, class: counted, answers }: NpsChange): number {
    let met = 0
    for (const { start, end } of windows) {
      const key = `${start}/${end}`
      let window = this.#windows.get(key)
      if (window === undefined) {
        window = { start, end, groups: new Map() }
        this.#windows.set(key, window)
      }
      const before = window.groups.size
      groupOf(window.groups, null, null)[counted] += answers
      for (const { key: name, value } of groups) groupOf(window.groups, name, value)[counted] += answers
      met += window.groups.size - before
    }
    return met
  }

  /** The `windows` of one delta or several: what comes to nothing is left out. */
  parts(): WindowDelta[][] {
    const parts: WindowDelta[][] = []
    let room = 0
    for (const { start, end, groups } of this.#windows.values()) {
      const moved = [...groups.values()].filter(
        ({ promoters, passives, detractors }) => promoters !== 0 || passives !== 0 || detractors !== 0,
      )
      for (let at = 0; at < moved.length; ) {
        if (room === 0) {
          parts.push([])
          room = GROUPS_A_PART
        }
        const taken = moved.slice(at, at + room)
        parts.at(-1)!.push({ start, end, groups: taken })
        at += taken.length
        room -= taken.length
      }
    }
    return parts
  }
}

function groupOf(groups: Map<string, GroupDelta>, key: string | null, value: string | null): GroupDelta {
  const id = key === null ? '' : `${key.length}:${key}${value}`
  let group = groups.get(id)
  if (group === undefined) {
    group = { key, value, promoters: 0, passives: 0, detractors: 0 }
    groups.set(id, group)
  }
  return group
}
