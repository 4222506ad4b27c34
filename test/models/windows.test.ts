import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hopOf, isOpen, latestEndOf, SINCE_EVER, windowsOf, windowsVersion } from '../../models/windows.ts'
import { parseSettings, type TenantSettings } from '../../schemas/settings.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const MONDAY = Date.UTC(2026, 0, 5)

function settingsOf(nps: object, windows: object = {}): TenantSettings {
  return parseSettings({ nps, windows })
}

describe('windowsOf', () => {
  test('a tumbling window begins at a multiple of its size, in UTC', () => {
    const settings = settingsOf({ tumblingMs: [DAY], hopping: [] })
    const day = { start: MONDAY, end: MONDAY + DAY }
    expect(windowsOf(MONDAY, settings, 'nps')).toEqual([day, SINCE_EVER])
    expect(windowsOf(MONDAY + DAY - 1, settings, 'nps')).toEqual([day, SINCE_EVER])
  })

  test('weeks begin on Monday with the offset that the settings page names', () => {
    const settings = settingsOf({ tumblingMs: [7 * DAY], hopping: [] }, { offsetMs: 345_600_000 })
    expect(windowsOf(MONDAY + 6 * DAY, settings, 'nps')[0]).toEqual({ start: MONDAY, end: MONDAY + 7 * DAY })
  })

  test('a span that two settings ask for is one window', () => {
    const settings = settingsOf({ tumblingMs: [DAY, DAY], hopping: [{ sizeMs: DAY, hopMs: DAY }] })
    expect(windowsOf(MONDAY, settings, 'nps')).toHaveLength(2)
  })

  test('an instant is in every window of the grid that holds it, and in no other', () => {
    const size = fc.integer({ min: 1000, max: 100_000 })
    const hopping = fc
      .tuple(size, fc.integer({ min: 1, max: 64 }))
      .map(([sizeMs, parts]) => ({ sizeMs, hopMs: Math.max(1000, Math.ceil(sizeMs / parts)) }))
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 10_000_000 }),
        fc.array(size, { maxLength: 2 }),
        fc.array(hopping, { maxLength: 2 }),
        fc.integer({ min: 0, max: 100_000 }),
        (time, tumblingMs, hopping, offsetMs) => {
          const settings = settingsOf({ tumblingMs, hopping }, { offsetMs })
          const expected = new Set<string>()
          let latest = Number.NEGATIVE_INFINITY
          for (const { sizeMs, hopMs } of [...tumblingMs.map((each) => ({ sizeMs: each, hopMs: each })), ...hopping]) {
            for (let i = Math.floor((time - offsetMs - 2 * sizeMs) / hopMs) - 1; i * hopMs + offsetMs <= time; i++) {
              const end = i * hopMs + offsetMs + sizeMs
              if (time < end) {
                expected.add(`${i * hopMs + offsetMs}-${end}`)
                latest = Math.max(latest, end)
              }
            }
          }
          const windows = windowsOf(time, settings, 'nps')
          expect(windows.at(-1)).toEqual(SINCE_EVER)
          const found = windows.slice(0, -1).map(({ start, end }) => `${start}-${end}`)
          expect(found.sort()).toEqual([...expected].sort())
          expect(latestEndOf(time, settings, 'nps')).toBe(latest)
        },
      ),
    )
  })
})

test('a window is open until the stream time is its end and the grace', () => {
  const settings = settingsOf({}, { graceMs: HOUR })
  const day = { start: MONDAY, end: MONDAY + DAY }
  expect(isOpen(day, MONDAY + DAY + HOUR - 1, settings)).toBe(true)
  expect(isOpen(day, MONDAY + DAY + HOUR, settings)).toBe(false)
  expect(isOpen(SINCE_EVER, Number.MAX_SAFE_INTEGER, settings)).toBe(true)
})

test('the hop of a window is that of its size; since-ever and sizes that are no longer configured have none', () => {
  const settings = settingsOf({ tumblingMs: [DAY], hopping: [{ sizeMs: 2 * DAY, hopMs: HOUR }] })
  const spans = [DAY, 2 * DAY, 3 * DAY].map((size) => ({ start: 0, end: size }))
  expect([...spans, SINCE_EVER].map((each) => hopOf(each, settings, 'nps'))).toEqual([DAY, HOUR, null, null])
})

test('settings that ask for other windows have another number', () => {
  const versions = [
    {},
    { tumblingMs: [] },
    { tumblingMs: [DAY, HOUR] },
    { tumblingMs: [HOUR, DAY] },
    { hopping: [] },
    { hopping: [{ sizeMs: 14 * DAY, hopMs: DAY }] },
  ].map((nps) => windowsVersion(settingsOf(nps), 'nps'))
  versions.push(windowsVersion(settingsOf({}, { offsetMs: HOUR }), 'nps'))
  expect(new Set(versions).size).toBe(versions.length)
  expect(windowsVersion(settingsOf({ groupBy: [] }, { graceMs: 0 }), 'nps')).toBe(versions[0])
})
