import { parseDecimal, toScale } from './decimal.ts'

export const TIMESTAMP_FORMATS = ['iso', 'epoch-ms', 'epoch-s'] as const
export type TimestampFormat = (typeof TIMESTAMP_FORMATS)[number]

const ISO =
  /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?)? ?(Z|UTC|GMT|([+-])(\d\d):?(\d\d))?$/i

/**
 * Milliseconds since 1970-01-01 UTC, or null. `iso` takes `2010-12-01T08:26:00`, `2019-10-01 00:00:00 UTC`,
 * `2019-10-01`, fractions of a second (cut to ms) and offsets; a time without a zone is UTC. The `epoch` formats take
 * decimal numbers, cut to whole ms.
 */
export function parseTimestamp(text: string, format: TimestampFormat): number | null {
  if (format === 'iso') return parseIso(text)
  const value = parseDecimal(text)
  if (value === null) return null
  const micros = toScale(value, format === 'epoch-s' ? 6 : 3)
  return micros === null ? null : Math.floor(micros / 1000)
}

function parseIso(text: string): number | null {
  const match = ISO.exec(text)
  if (match === null) return null
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map((digits) => Number(digits ?? 0))
  const millis = Number((match[7] ?? '').slice(0, 3).padEnd(3, '0'))
  if (hour! > 23 || minute! > 59 || second! > 59) return null
  const time = Date.UTC(year!, month! - 1, day!, hour, minute, second, millis)
  // Date.UTC rolls 31 February over into March, and takes the years 0-99 for 1900-1999.
  const date = new Date(time)
  if (date.getUTCFullYear() !== year || date.getUTCMonth() !== month! - 1 || date.getUTCDate() !== day) return null
  return time - offsetMs(match[9], match[10], match[11])
}

function offsetMs(sign: string | undefined, hours = '0', minutes = '0'): number {
  const size = (Number(hours) * 60 + Number(minutes)) * 60_000
  return sign === '-' ? -size : size
}
