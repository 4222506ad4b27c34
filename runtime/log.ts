export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent'
const RANK: Record<LogLevel, number> = { debug: 0, info: 1, warn: 2, error: 3, silent: 4 }

/** One JSON line an entry. error: data at risk; warn: recovered; info: a state changed; debug: once a batch. */
export type Log = (message: string, details?: Readonly<Record<string, unknown>>) => void

/** `details.level` is the level of an entry, info if absent. */
export function createLog(least: LogLevel, write: (line: string) => void, now: () => number): Log {
  return (message, details = {}) => {
    const { level = 'info', ...rest } = details
    if (RANK[level as LogLevel] < RANK[least]) return
    write(`${JSON.stringify({ time: new Date(now()).toISOString(), level, message, ...rest })}\n`)
  }
}
