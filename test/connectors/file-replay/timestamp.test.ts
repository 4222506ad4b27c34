import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseTimestamp } from '../../../connectors/file-replay/timestamp.ts'

describe('parseTimestamp', () => {
  it('reads what Date writes, with and without its zone', () => {
    const time = fc.integer({ min: Date.UTC(1900, 0, 1), max: Date.UTC(2200, 0, 1) })
    fc.assert(
      fc.property(time, (ms) => {
        const text = new Date(ms).toISOString()
        expect(parseTimestamp(text, 'iso')).toBe(ms)
        expect(parseTimestamp(text.slice(0, -1), 'iso')).toBe(ms)
        expect(parseTimestamp(text.replace('T', ' ').replace('Z', ' UTC'), 'iso')).toBe(ms)
        expect(parseTimestamp(String(ms), 'epoch-ms')).toBe(ms)
        expect(parseTimestamp((ms / 1000).toFixed(3), 'epoch-s')).toBe(ms)
      }),
    )
  })

  it.each([
    ['2010-12-01T08:26:00', Date.UTC(2010, 11, 1, 8, 26)],
    ['2019-10-01 00:00:00 UTC', Date.UTC(2019, 9, 1)],
    ['2019-10-01', Date.UTC(2019, 9, 1)],
    ['2019-10-01T02:00+02:00', Date.UTC(2019, 9, 1)],
    ['2019-09-30T18:30:00-0530', Date.UTC(2019, 9, 1)],
    ['2024-02-29T00:00:00.123456Z', Date.UTC(2024, 1, 29, 0, 0, 0, 123)],
  ])('reads %s', (text, expected) => expect(parseTimestamp(text, 'iso')).toBe(expected))

  it.each([
    '2023-02-29',
    '2023-13-01',
    '2023-01-01T24:00:00',
    '2023-01-01T10:60',
    '01/02/2023',
    '2023',
    'now',
    '0050-01-01',
  ])('takes %s for no time', (text) => expect(parseTimestamp(text, 'iso')).toBeNull())
})
