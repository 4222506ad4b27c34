import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type RowGroup, RowGrouper } from '../../../connectors/file-replay/group-rows.ts'
import type { RawRecord } from '../../../connectors/file-replay/record-splitter.ts'
import { Rejection } from '../../../connectors/file-replay/rejection.ts'

const record = (i: number): RawRecord => ({
  text: `row ${i}`,
  line: i + 1,
  offset: i * 10,
  nextLine: i + 2,
  nextOffset: i * 10 + 10,
  hasQuotes: false,
  rejection: null,
})

/** Groups rows given as `key` or `key:owner`; `!` is a record that was rejected before. */
function group(keys: readonly string[], rules: { maxGap?: number; maxLines?: number } = {}, from = 0): RowGroup[] {
  const grouper = new RowGrouper({ by: [0], same: [{ index: 1, column: 'owner' }], maxLines: 100, maxGap: 0, ...rules })
  const groups = keys.slice(from).flatMap((key, i) => {
    const raw = record(from + i)
    const [by = '', owner = ''] = key.split(':')
    return grouper.add(raw, key === '!' ? new Rejection('CSV_MALFORMED', '', '') : { record: raw, values: [by, owner] })
  })
  return [...groups, ...grouper.finish()]
}

const shape = (groups: readonly RowGroup[]) =>
  groups.map(
    ({ rows, first, rejection }) =>
      `${rows[0]?.values[0] ?? '!'}${rows.length}@${first.line}${rejection?.reason ?? ''}`,
  )

describe('RowGrouper', () => {
  it('makes neighbours one group, in the order of their first lines', () => {
    expect(shape(group(['a', 'a', 'b', '!', 'c']))).toEqual(['a2@1', 'b1@3', '!0@4CSV_MALFORMED', 'c1@5'])
  })

  it('bridges a gap of other rows, no wider than allowed', () => {
    const rows = ['a', 'b', 'b', 'a', 'c', 'c', 'c', 'a']
    expect(shape(group(rows, { maxGap: 2 }))).toEqual(['a2@1', 'b2@2', 'c3@5', 'a1@8GROUP_SCATTERED'])
    expect(shape(group(rows, { maxGap: 3 }))).toEqual(['a3@1', 'b2@2', 'c3@5'])
  })

  it('rejects a group of two owners as a whole, at the line that differs', () => {
    const [mixed] = group(['a:x', 'a:x', 'a:y', 'a:x'])
    expect(mixed).toMatchObject({ records: 4, rejection: { reason: 'GROUP_MIXED', field: 'owner', row: 2 } })
  })

  it('holds no more rows of a group than allowed', () => {
    const [large, next] = group([...Array.from({ length: 50 }, () => 'a'), 'b'], { maxLines: 10 })
    expect(large).toMatchObject({
      records: 50,
      rejection: { reason: 'GROUP_TOO_LARGE' },
      resume: { offset: 500, line: 51 },
    })
    expect(large!.rows.length).toBeLessThanOrEqual(10)
    expect(next).toMatchObject({ records: 1, rejection: null })
  })

  it('gives the same groups when it is taken up where a group says so', () => {
    const keys = fc.array(fc.constantFrom('a', 'b', 'c', 'd', '!'), { maxLength: 30 })
    fc.assert(
      fc.property(keys, fc.nat(3), (noise, maxGap) => {
        // Each run of a letter is a group of its own: scattered groups are forgotten by a resumed replay.
        const rows = noise.map((key, i) => (key === '!' ? key : `${key}${Math.floor(i / 6)}`))
        const all = group(rows, { maxGap })
        expect(all.reduce((sum, { records }) => sum + records, 0)).toBe(rows.length)
        const scattered = all.some(({ rejection }) => rejection?.reason === 'GROUP_SCATTERED')
        for (const [i, { resume }] of all.entries()) {
          if (resume === null || scattered) continue
          const rest = group(rows, { maxGap }, resume.offset / 10)
          expect(shape(rest)).toEqual(shape(all.slice(i + 1)))
        }
      }),
      { numRuns: 500 },
    )
  })
})
