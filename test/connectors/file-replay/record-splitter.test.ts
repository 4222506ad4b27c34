import { parse } from 'csv-parse/sync'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { csvFields } from '../../../connectors/file-replay/csv-fields.ts'
import { type RawRecord, RecordSplitter } from '../../../connectors/file-replay/record-splitter.ts'

const quote = (field: string) => `"${field.replaceAll('"', '""')}"`

/** A field as it stands in a file: quoted where it must be, and sometimes where it needn't. */
const field = fc
  .tuple(fc.string({ unit: fc.constantFrom('a', 'é', '€', '😀', ',', '"', '\n', '\r\n', ' ') }), fc.boolean())
  .map(([value, isQuoted]) => ({ value, text: isQuoted || /[",\r\n]/.test(value) ? quote(value) : value }))
const row = fc.array(field, { minLength: 2, maxLength: 4 })

function split(bytes: Buffer, chunkBytes = bytes.length, options = {}): RawRecord[] {
  const splitter = new RecordSplitter({ delimiter: ',', ...options })
  const records: RawRecord[] = []
  for (let at = 0; at < bytes.length; at += chunkBytes)
    records.push(...splitter.push(bytes.subarray(at, at + chunkBytes)))
  return [...records, ...splitter.finish()]
}

const reasons = (records: readonly RawRecord[]) =>
  records.map(({ rejection, line }) => [line, rejection?.reason ?? null])

describe('RecordSplitter', () => {
  it('gives back the rows that were written, however the bytes are cut, and where each stands', () => {
    const file = fc.record({
      rows: fc.array(row, { minLength: 1, maxLength: 8 }),
      lineEnd: fc.constantFrom('\n', '\r\n'),
      hasBom: fc.boolean(),
      chunkBytes: fc.integer({ min: 1, max: 40 }),
    })
    fc.assert(
      fc.property(file, ({ rows, lineEnd, hasBom, chunkBytes }) => {
        const lines = rows.map((fields) => fields.map(({ text }) => text).join(','))
        const bytes = Buffer.from((hasBom ? '\ufeff' : '') + lines.map((line) => line + lineEnd).join(''))
        const records = split(bytes, chunkBytes)
        expect(csvFields(records, ',')).toEqual(rows.map((fields) => fields.map(({ value }) => value)))
        for (const [i, record] of records.entries()) {
          expect(bytes.toString('utf8', record.offset, record.nextOffset)).toBe(lines[i] + lineEnd)
          expect(record.line).toBe(1 + bytes.toString('utf8', 0, record.offset).split('\n').length - 1)
          const rest = split(bytes.subarray(record.nextOffset), chunkBytes, {
            from: { offset: record.nextOffset, line: record.nextLine },
          })
          expect(rest).toEqual(records.slice(i + 1))
        }
      }),
    )
  })

  it('reads well-formed CSV as csv-parse does', () => {
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 8 }), (rows) => {
        const text = rows.map((fields) => fields.map((each) => each.text).join(',')).join('\n')
        const expected = parse(text, { relax_column_count: true, record_delimiter: '\n' })
        expect(csvFields(split(Buffer.from(text)), ',')).toEqual(expected)
      }),
    )
  })

  it('never loses a line or stops at arbitrary text: every line belongs to one record', () => {
    const text = fc.string({ unit: fc.constantFrom('a', ',', '"', '\n', '\r') })
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 9 }), (noise, chunkBytes) => {
        const records = split(Buffer.from(noise), chunkBytes)
        let line = 1
        for (const record of records) {
          // Blank lines lie between records.
          expect(record.line).toBeGreaterThanOrEqual(line)
          line = record.nextLine
        }
        const read = records.map(({ offset, nextOffset }) => noise.slice(offset, nextOffset)).join('')
        expect(read.replaceAll(/[\r\n]/g, '')).toBe(noise.replaceAll(/[\r\n]/g, ''))
        expect(records).toEqual(split(Buffer.from(noise)))
      }),
    )
  })

  it('loses only the first line to a quote that does not close', () => {
    const bytes = Buffer.from('a,b\nc,"d\ne,f\n"g",h\ni,"j"\nk,l')
    expect(reasons(split(bytes))).toEqual([
      [1, null],
      [2, 'QUOTE_NOT_CLOSED'],
      [3, null],
      [4, null],
      [5, null],
      [6, null],
    ])
    expect(reasons(split(Buffer.from('a,"b\nc,d')))).toEqual([
      [1, 'QUOTE_NOT_CLOSED'],
      [2, null],
    ])
  })

  it('gives an open quote up after a thousand lines, or the most bytes of a record', () => {
    const bytes = Buffer.from(`"open,1\n${'x,2\n'.repeat(3000)}`)
    const records = split(bytes, 512)
    expect(records).toHaveLength(3001)
    expect(reasons(records.slice(0, 2))).toEqual([
      [1, 'QUOTE_NOT_CLOSED'],
      [2, null],
    ])
    expect(reasons(split(bytes, 64, { maxRecordBytes: 100 })).slice(0, 2)).toEqual(reasons(records.slice(0, 2)))
  })

  it('rejects a line that is too long, without holding it', () => {
    const bytes = Buffer.from(`a,b\n${'x'.repeat(5000)}\nc,d\n${'y'.repeat(5000)}`)
    for (const chunkBytes of [100, 700, bytes.length]) {
      const records = split(bytes, chunkBytes, { maxRecordBytes: 1000 })
      expect(reasons(records)).toEqual([
        [1, null],
        [2, 'RECORD_TOO_LONG'],
        [3, null],
        [4, 'RECORD_TOO_LONG'],
      ])
      expect(records[1]).toMatchObject({ offset: 4, nextOffset: 5005, text: 'x'.repeat(records[1]!.text.length) })
    }
  })

  it('rejects bytes that are not UTF-8, and keeps a replacement character that was written', () => {
    const bytes = Buffer.concat([Buffer.from('caf\ufffd,1\ncaf'), Buffer.from([0xe9]), Buffer.from(',2\nok,3\n')])
    expect(reasons(split(bytes))).toEqual([
      [1, null],
      [2, 'NOT_UTF8'],
      [3, null],
    ])
  })

  it('refuses a file in UTF-16', () => {
    expect(() => split(Buffer.from('\ufeffa,b\n', 'utf16le'))).toThrow('UTF-16')
  })
})
