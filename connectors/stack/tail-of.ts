import { readFileSync } from 'node:fs'

/** The last lines of a log that say something, for the message of a failure; empty when there is none. */
export function tailOf(file: string, lines = 8): string {
  try {
    const all = readFileSync(file, 'utf8').split('\n')
    // Java's stack frames would push out the line that they belong to.
    return all
      .filter((line) => line.trim() !== '' && !/^\s+(at |\.\.\. \d+ more)/.test(line))
      .slice(-lines)
      .join('\n')
  } catch {
    return ''
  }
}
