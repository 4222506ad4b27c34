import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { parse } from 'csv-parse/sync'
import { FEATURE_COUNT } from '../../models/features.ts'
import type { Trait } from '../../schemas/customer-state.ts'
import type { TrainingExample } from '../../training/example.ts'

export type Row = Readonly<Record<string, string>>

/** The rows of a CSV file with a header row, gzipped if its name ends so. */
export async function readTable(path: string): Promise<Row[]> {
  const bytes = await readFile(path)
  const text = path.endsWith('.gz') ? await promisify(gunzip)(bytes) : bytes
  return parse(text, { columns: true, bom: true, skip_empty_lines: true }) as Row[] // what `columns: true` returns
}

export interface TableOptions {
  readonly id: string
  readonly label: (row: Row) => boolean
  /** Columns that are no traits. */
  readonly without: readonly string[]
}

/** Rows as examples of customers who are known by their profile alone. Empty cells are missing, numbers are numbers. */
export function examplesOf(rows: readonly Row[], { id, label, without }: TableOptions): TrainingExample[] {
  const names = Object.keys(rows[0] ?? {}).filter((name) => !without.includes(name) && name !== id)
  const features = new Float64Array(FEATURE_COUNT)
  return rows.map((row) => ({
    customer: row[id]!,
    at: 0,
    knownAt: 0,
    label: label(row) ? 1 : 0,
    features,
    traits: names.flatMap((name) => traitOf(name, row[name]!.trim())),
  }))
}

function traitOf(name: string, text: string): Trait[] {
  if (text === '') return []
  const number = Number(text)
  return [{ name, value: Number.isNaN(number) ? text : number, at: 0 }]
}
