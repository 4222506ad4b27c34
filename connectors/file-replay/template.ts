import type { Columns, Row } from './row.ts'

/** The text of one row. */
export type ReadText = (row: Row) => string

const LINE_COLUMN = '$line'

/**
 * Compiles `retail-{invoice}`: text with {column} and {$line}. A brace that isn't closed stands for itself. Where a column
 * is empty the whole text is: `retail-` would be the id of every line without an invoice.
 */
export function compileTemplate(template: string, columns: Columns): ReadText {
  const parts: (string | ReadText)[] = []
  let end = 0
  for (const match of template.matchAll(/\{([^{}]+)\}/g)) {
    if (match.index > end) parts.push(template.slice(end, match.index))
    parts.push(readColumn(match[1]!, columns))
    end = match.index + match[0].length
  }
  if (end < template.length) parts.push(template.slice(end))
  const [only] = parts
  if (parts.length === 0) return () => ''
  if (parts.length === 1 && only !== undefined) return typeof only === 'string' ? () => only : only
  return (row) => {
    let text = ''
    for (const part of parts) {
      const piece = typeof part === 'string' ? part : part(row)
      if (piece === '') return ''
      text += piece
    }
    return text
  }
}

function readColumn(name: string, columns: Columns): ReadText {
  if (name === LINE_COLUMN) return ({ record }) => String(record.line)
  const index = columns.indexOf(name)
  return ({ values }) => values[index]!
}
