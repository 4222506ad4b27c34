import type { CallNode } from './call-tree.ts'

export interface FlatRow {
  readonly name: string
  /** Without what it calls. */
  readonly self: number
  /** With what it calls; a function that calls itself counts once. */
  readonly total: number
  /** Nodes of the tree that were added up. */
  readonly calls: number
}

/** @param nameOf what is added up under one name: functions, or modules @returns the largest `self` first */
export function flatten(root: CallNode, nameOf: (node: CallNode) => string): FlatRow[] {
  const rows = new Map<string, { -readonly [K in keyof FlatRow]: FlatRow[K] }>()
  const open = new Set<string>()
  const visit = (node: CallNode): number => {
    const name = nameOf(node)
    const isOutermost = !open.has(name)
    open.add(name)
    const total = node.children.reduce((sum, child) => sum + visit(child), node.self)
    const row = rows.get(name) ?? { name, self: 0, total: 0, calls: 0 }
    rows.set(name, row)
    row.self += node.self
    row.calls++
    if (isOutermost) {
      row.total += total
      open.delete(name)
    }
    return total
  }
  visit(root)
  return [...rows.values()].sort((a, b) => b.self - a.self)
}

export const byFunction = ({ name, module, line }: CallNode): string =>
  module === '(V8)' ? name : `${name} ${module}:${line}`

/** The garbage collector stands apart from what else has no source. */
export const byModule = ({ name, module }: CallNode): string =>
  module === '(V8)' && name.startsWith('(') ? name : module

/** @param perEvent the unit's name and how many of it `self` is, divided by the events */
export function tableOf(
  title: string,
  rows: readonly FlatRow[],
  { limit, unit, divisor }: { readonly limit: number; readonly unit: string; readonly divisor: number },
): string {
  const whole = rows.reduce((sum, { self }) => sum + self, 0)
  const percent = (value: number): string => `${((100 * value) / whole).toFixed(1)}%`.padStart(7)
  const each = (value: number): string => (value / divisor).toFixed(3).padStart(9)
  const lines = rows
    .slice(0, limit)
    .map(({ name, self, total }) => `${percent(self)} ${each(self)} ${each(total)}  ${name}`)
  return [`   self ${unit.padStart(9)}     total  ${title}`, ...lines, ''].join('\n')
}
