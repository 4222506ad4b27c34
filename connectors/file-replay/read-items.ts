import { AppError } from '../../schemas/errors.ts'
import { type CompiledMapping, compileMapping } from './compile-mapping.ts'
import { type Grouper, type RowGroup, RowGrouper, singleRows } from './group-rows.ts'
import type { InputFile } from './input-file.ts'
import type { Mapping } from './mapping.ts'
import { csvHeader, csvRows, ndjsonRows, type ReadRows } from './read-rows.ts'
import { FILE_START, type Position, type RawRecord, RecordSplitter } from './record-splitter.ts'
import type { Rejection } from './rejection.ts'
import type { ReplayItem } from './replay-item.ts'

const MAX_TEXT = 300

/**
 * What becomes of each record of a file, in the file's order, some hundreds at a time. Memory doesn't grow with the file;
 * the next part is read when it is asked for.
 * @throws AppError INPUT_INVALID when the file can't be read; CONFIG_INVALID when the mapping names columns it hasn't
 */
export async function* readItems(file: InputFile, mapping: Mapping, from?: Position): AsyncGenerator<ReplayItem[]> {
  const compiled = compileMapping(mapping)
  const { start, readRows } = await readBeginning(file, mapping, compiled)
  const grouper = compiled.group === null ? singleRows() : new RowGrouper(compiled.group)
  const position = from ?? start
  const splitter = new RecordSplitter({ delimiter: delimiterOf(mapping), from: position })
  for await (const chunk of file.read(position.offset)) {
    const items = itemsOf(splitter.push(chunk))
    if (items.length > 0) yield items
  }
  const items = itemsOf(splitter.finish())
  items.push(...grouper.finish().map((group) => toItem(group, compiled)))
  if (items.length > 0) yield items

  function itemsOf(records: readonly RawRecord[]): ReplayItem[] {
    return readRows(records).flatMap(({ record, row }) => grouped(grouper, record, row))
  }

  function grouped(to: Grouper, ...added: Parameters<Grouper['add']>): ReplayItem[] {
    return to.add(...added).map((group) => toItem(group, compiled))
  }
}

/** The header is read on its own, so that a replay can go on from the middle of a file. */
async function readBeginning(
  file: InputFile,
  mapping: Mapping,
  { columns }: CompiledMapping,
): Promise<{ start: Position; readRows: ReadRows }> {
  if (mapping.format === 'ndjson') return { start: FILE_START, readRows: ndjsonRows(columns) }
  const delimiter = mapping.delimiter ?? ','
  if (mapping.columns !== undefined) {
    return { start: FILE_START, readRows: csvRows(columns, mapping.columns, delimiter) }
  }
  const splitter = new RecordSplitter({ delimiter })
  let records: RawRecord[] = []
  for await (const chunk of file.read()) {
    records = splitter.push(chunk)
    if (records.length > 0) break
  }
  const first = records[0] ?? splitter.finish()[0]
  if (first === undefined)
    throw new AppError('INPUT_INVALID', `${file.path} is empty`, { details: { path: file.path } })
  const readRows = csvRows(columns, csvHeader(first, mapping), delimiter)
  return { start: { offset: first.nextOffset, line: first.nextLine }, readRows }
}

function delimiterOf({ format, delimiter = ',' }: Mapping): string | null {
  return format === 'csv' ? delimiter : null
}

function toItem(group: RowGroup, compiled: CompiledMapping): ReplayItem {
  const { records, resume } = group
  if (group.rejection !== null) return rejected(group, group.rejection)
  const mapped = compiled.mapRows(group.rows)
  if (mapped.kind === 'reject') return rejected(group, mapped.rejection)
  return { ...mapped, records, resume }
}

function rejected({ first, rows, records, resume }: RowGroup, rejection: Rejection): ReplayItem {
  const { line, text } = rows[rejection.row]?.record ?? first
  const { reason, field, problem } = rejection
  const cut = text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text
  return { kind: 'reject', records, resume, rejected: { line, reason, field, problem, records, text: cut } }
}
