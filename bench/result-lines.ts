import { existsSync, readFileSync } from 'node:fs'

/** One line of a file of results, as docs/performance.md is made from. */
export interface ResultLine<T = unknown> {
  /** Which of its kind, such as `12 partitions`. */
  readonly name: string
  readonly at: string
  readonly machine: string
  readonly commit: string
  readonly version: string
  readonly command: string
  readonly result: T
}

/** @param file of JSON lines; one that isn't there has none */
export function readLines<T = unknown>(file: string): ResultLine<T>[] {
  if (!existsSync(file)) return []
  const lines = readFileSync(file, 'utf8').split('\n')
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as ResultLine<T>)
}
