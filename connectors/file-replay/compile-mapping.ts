import type { InputEvent } from '../../schemas/events.ts'
import { checkEvent } from './check-event.ts'
import { compileFields } from './compile-fields.ts'
import type { Condition, Mapping, MappingRule } from './mapping.ts'
import { findPattern } from './pattern.ts'
import { Rejection } from './rejection.ts'
import { Columns, type Row } from './row.ts'
import { compileTemplate } from './template.ts'
import { topicSchema } from './topic-schema.ts'

/** What becomes of the rows of one group. */
export type Mapped =
  | { readonly kind: 'event'; readonly event: InputEvent }
  | { readonly kind: 'skip'; readonly reason: string }
  | { readonly kind: 'reject'; readonly rejection: Rejection }

export interface GroupRules {
  /** Places of the columns in a row's values. */
  readonly by: readonly number[]
  readonly same: readonly { readonly index: number; readonly column: string }[]
  readonly maxLines: number
  readonly maxGap: number
}

export interface CompiledMapping {
  /** The columns a row's values must be of, in this order. */
  readonly columns: readonly string[]
  readonly group: GroupRules | null
  mapRows(rows: readonly Row[]): Mapped
}

/** @throws AppError CONFIG_INVALID where the mapping doesn't fit the topics' schemas */
export function compileMapping(mapping: Mapping): CompiledMapping {
  const columns = new Columns()
  const skips = (mapping.skip ?? []).map(({ reason, when }) => ({ reason, holds: compileConditions(when, columns) }))
  const rules = mapping.rules.map((rule, i) => compileRule(rule, { mapping, columns, path: `rules.${i}` }))
  const group = compileGroup(mapping.group, columns)
  const mapRows = (rows: readonly Row[]): Mapped => {
    const first = rows[0]!
    for (const { reason, holds } of skips) if (holds(first)) return { kind: 'skip', reason }
    for (const { holds, build } of rules) if (holds(first)) return build(rows)
    return { kind: 'reject', rejection: new Rejection('NO_RULE', '', 'no rule of the mapping is for this line') }
  }
  return { columns: columns.names, group, mapRows }
}

function compileRule(rule: MappingRule, options: { mapping: Mapping; columns: Columns; path: string }) {
  const { mapping, columns, path } = options
  const { topic } = rule
  const { fields } = topicSchema(topic)
  const read = compileFields({ ...mapping.fields, ...rule.fields }, { fields, columns, path: `${path}.fields` })
  const build = (rows: readonly Row[]): Mapped => {
    const record = read(rows)
    if (record instanceof Rejection) return { kind: 'reject', rejection: record }
    // The fields are those of the topic's schema; whether the values are, checkEvent says next.
    const event = { topic, event: record } as unknown as InputEvent
    const rejection = checkEvent(event, sourceBytes(rows))
    return rejection === null ? { kind: 'event', event } : { kind: 'reject', rejection }
  }
  return { holds: compileConditions(rule.when ?? [], columns), build }
}

function compileConditions(conditions: readonly Condition[], columns: Columns): (row: Row) => boolean {
  const tests = conditions.map(({ value, matches, not = false }) => {
    const read = compileTemplate(value, columns)
    const find = findPattern(matches)
    return (row: Row) => (find(read(row)) === undefined) === not
  })
  return (row) => tests.every((holds) => holds(row))
}

function compileGroup(group: Mapping['group'], columns: Columns): GroupRules | null {
  if (group === undefined) return null
  return {
    by: group.by.map((name) => columns.indexOf(name)),
    same: (group.same ?? []).map((column) => ({ index: columns.indexOf(column), column })),
    maxLines: group.maxLines ?? 1000,
    maxGap: group.maxGap ?? 0,
  }
}

function sourceBytes(rows: readonly Row[]): number {
  let bytes = 0
  for (const { record } of rows) bytes += record.nextOffset - record.offset
  return bytes
}
