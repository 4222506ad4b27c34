import type { WindowSizes } from './settings-book.ts'

/** `<start>/<end>` of each span of event time that holds an instant; since-ever is `0/`. */
export function spansOf(at: number, { tumblingMs, hopping }: WindowSizes, offsetMs: number): string[] {
  const hops = [...tumblingMs.map((sizeMs) => ({ sizeMs, hopMs: sizeMs })), ...hopping]
  const spans = hops.flatMap(({ sizeMs, hopMs }) => {
    const found: string[] = []
    for (let start = offsetMs + Math.floor((at - offsetMs) / hopMs) * hopMs; start + sizeMs > at; start -= hopMs) {
      found.push(`${start}/${start + sizeMs}`)
    }
    return found
  })
  return [...new Set([...spans, '0/'])]
}

/** Whether a span still takes events at a stream time. */
export function isOpen(span: string, streamTime: number, graceMs: number): boolean {
  const end = span.slice(span.indexOf('/') + 1)
  return end === '' || streamTime < Number(end) + graceMs
}
