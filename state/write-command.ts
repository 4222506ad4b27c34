import type { RespBuffer } from './resp-buffer.ts'

/** Redis takes a million arguments of one command. */
const SLICE = 50_000

/** A command, or several where it has too many arguments for one: what is `first`, then what `write` gives of each item. */
export function writeCommand<T>(
  resp: RespBuffer,
  command: string,
  first: readonly string[],
  items: readonly T[],
  argumentsEach: number,
  write: (resp: RespBuffer, item: T) => void,
): void {
  for (let from = 0; from < items.length; from += SLICE) {
    const slice = items.slice(from, from + SLICE)
    resp.command(command, first.length + slice.length * argumentsEach)
    for (const each of first) resp.text(each)
    for (const item of slice) write(resp, item)
  }
}

/** Of items that are arguments themselves. */
export function writeText(resp: RespBuffer, text: string): void {
  resp.text(text)
}
