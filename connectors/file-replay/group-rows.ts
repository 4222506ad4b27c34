import type { GroupRules } from './compile-mapping.ts'
import type { Position, RawRecord } from './record-splitter.ts'
import { Rejection } from './rejection.ts'
import type { Row } from './row.ts'

/** Rows that make one event, or what was rejected before it became rows. */
export interface RowGroup {
  readonly first: RawRecord
  readonly rows: readonly Row[]
  /** How many records of the file; more than `rows` where a group grew too large. */
  readonly records: number
  readonly rejection: Rejection | null
  /** Where reading may start again once this group is done; null while lines of a group before it lie ahead. */
  readonly resume: Position | null
}

interface OpenGroup {
  readonly first: RawRecord
  readonly key: string | null
  readonly rows: Row[]
  records: number
  rejection: Rejection | null
  last: RawRecord
  lastSequence: number
  isClosed: boolean
}

/** Ended groups whose keys are kept, to notice a line that comes too late. */
const REMEMBERED_KEYS = 10_000

export interface Grouper {
  add(record: RawRecord, row: Row | Rejection): RowGroup[]
  /** At the end of the file. */
  finish(): RowGroup[]
}

/** Every row for itself. */
export function singleRows(): Grouper {
  return {
    add(record, row) {
      const resume = { offset: record.nextOffset, line: record.nextLine }
      const rejection = row instanceof Rejection ? row : null
      return [{ first: record, rows: row instanceof Rejection ? [] : [row], records: 1, rejection, resume }]
    },
    finish: () => [],
  }
}

/**
 * Collects the rows of each group. Groups leave in the order of their first lines, once `maxGap` lines of others have
 * passed. Holds at most `maxGap + 1` groups that grow, and what came since the first of them began. Which groups have
 * ended is forgotten after 10,000 further ones, and by a replay that is resumed.
 */
export class RowGrouper implements Grouper {
  readonly #rules: GroupRules
  readonly #queue: OpenGroup[] = []
  readonly #open = new Map<string, OpenGroup>()
  readonly #ended = new Set<string>()
  #sequence = 0
  /** Of the records that were added, and of those that have left. */
  #next: Position = { offset: 0, line: 1 }
  #leftUpTo = 0

  constructor(rules: GroupRules) {
    this.#rules = rules
  }

  add(record: RawRecord, row: Row | Rejection): RowGroup[] {
    this.#sequence++
    this.#next = { offset: record.nextOffset, line: record.nextLine }
    if (row instanceof Rejection) this.#queue.push(this.#start(record, null, row))
    else this.#addRow(row)
    for (const group of this.#open.values()) {
      if (this.#sequence - group.lastSequence > this.#rules.maxGap) this.#close(group)
    }
    return this.#leave()
  }

  finish(): RowGroup[] {
    for (const group of this.#open.values()) this.#close(group)
    return this.#leave()
  }

  #addRow(row: Row): void {
    const key = this.#rules.by.map((index) => row.values[index]).join('\u0000')
    const open = this.#open.get(key)
    if (open !== undefined) {
      this.#append(open, row)
      return
    }
    const isLate = this.#ended.has(key)
    const rejection = isLate ? new Rejection('GROUP_SCATTERED', '', 'its group ended on a line before') : null
    const group = this.#start(row.record, isLate ? null : key, rejection)
    group.rows.push(row)
    this.#queue.push(group)
    if (!isLate) this.#open.set(key, group)
  }

  #append(group: OpenGroup, row: Row): void {
    group.records++
    group.last = row.record
    group.lastSequence = this.#sequence
    if (group.rejection !== null) return
    const first = group.rows[0]!
    const mixed = this.#rules.same.find(({ index }) => row.values[index] !== first.values[index])
    if (mixed !== undefined) {
      group.rejection = new Rejection('GROUP_MIXED', mixed.column, 'differs within the group', group.rows.length)
    } else if (group.rows.length === this.#rules.maxLines) {
      group.rejection = new Rejection('GROUP_TOO_LARGE', '', `more than ${this.#rules.maxLines} lines`)
      group.rows.length = 1
    }
    if (group.rejection?.reason !== 'GROUP_TOO_LARGE') group.rows.push(row)
  }

  #start(record: RawRecord, key: string | null, rejection: Rejection | null): OpenGroup {
    const isClosed = key === null
    const place = { first: record, last: record, lastSequence: this.#sequence }
    return { ...place, key, rows: [], records: 1, rejection, isClosed }
  }

  #close(group: OpenGroup): void {
    group.isClosed = true
    this.#open.delete(group.key!)
    this.#ended.add(group.key!)
    if (this.#ended.size > REMEMBERED_KEYS) this.#ended.delete(this.#ended.values().next().value!)
  }

  #leave(): RowGroup[] {
    let count = 0
    while (this.#queue[count]?.isClosed === true) count++
    if (count === 0) return []
    const leaving = this.#queue.splice(0, count)
    return leaving.map((group, i) => {
      this.#leftUpTo = Math.max(this.#leftUpTo, group.last.nextOffset)
      const head = leaving[i + 1] ?? this.#queue[0]
      const resume = head === undefined ? this.#next : { offset: head.first.offset, line: head.first.line }
      const { first, rows, records, rejection } = group
      return { first, rows, records, rejection, resume: resume.offset < this.#leftUpTo ? null : resume }
    })
  }
}
