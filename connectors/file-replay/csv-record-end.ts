const LF = 0x0a
const CR = 0x0d
const QUOTE = 0x22
const MAX_RECORD_LINES = 1000

/** The record goes on beyond the bytes at hand. */
export const NOT_ENDED = -1
/** The quote that opened holds no record: text follows where it closes lines later, or it spans too many lines. */
export const NOT_CLOSED = -2

/**
 * The index of the line end (or of the end of the bytes, when `isEnd`) that ends the CSV record at `at`. A quote opens at
 * the beginning of a field only, and doubled it stands for itself; elsewhere it is left to the parser to refuse.
 */
export function endOfRecord(buffer: Buffer, at: number, options: { delimiter: number; isEnd: boolean }): number {
  const { delimiter, isEnd } = options
  let lines = 1
  let isFieldStart = true
  let i = at
  while (i < buffer.length) {
    const byte = buffer[i]!
    if (byte === QUOTE && isFieldStart) {
      const close = closingQuote(buffer, i + 1)
      if (close < 0) break
      lines += lineEnds(buffer, i + 1, close)
      if (lines > MAX_RECORD_LINES) return NOT_CLOSED
      const after = buffer[close + 1]
      if (after === undefined && !isEnd) return NOT_ENDED
      const ends = after === undefined || after === LF || after === CR || after === delimiter
      if (!ends && lines > 1) return NOT_CLOSED
      i = close + 1
      isFieldStart = false
      continue
    }
    if (byte === LF) return i
    isFieldStart = byte === delimiter
    i++
  }
  if (i >= buffer.length && isEnd) return buffer.length
  return lineEnds(buffer, i, buffer.length) > MAX_RECORD_LINES ? NOT_CLOSED : NOT_ENDED
}

/** The next quote that isn't doubled; below 0 when there is none. */
function closingQuote(buffer: Buffer, from: number): number {
  let i = buffer.indexOf(QUOTE, from)
  while (i >= 0 && buffer[i + 1] === QUOTE) i = buffer.indexOf(QUOTE, i + 2)
  return i
}

/** How many line ends lie in [from, to). */
export function lineEnds(buffer: Buffer, from: number, to: number): number {
  let count = 0
  for (let i = buffer.indexOf(LF, from); i >= 0 && i < to; i = buffer.indexOf(LF, i + 1)) count++
  return count
}
