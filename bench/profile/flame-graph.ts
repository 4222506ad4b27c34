import type { CallNode } from './call-tree.ts'

const WIDTH = 1_600
const ROW = 16
/** Narrower ones are left out: they could not be seen. */
const LEAST_WIDTH = 0.5
const TEXT_WIDTH = 6.6

/**
 * A flame graph as one SVG file: a row a call depth, root at the top, width by time (or bytes) with all that is called.
 * Names and shares show when the pointer rests on a box.
 */
export function flameGraph(root: CallNode, title: string, shown: (value: number) => string): string {
  const totals = new Map<CallNode, number>()
  const whole = addUp(root, totals)
  const boxes: string[] = []
  let deepest = 0
  const draw = (node: CallNode, x: number, depth: number): void => {
    const total = totals.get(node)!
    const width = (WIDTH * total) / whole
    if (width < LEAST_WIDTH) return
    deepest = Math.max(deepest, depth)
    const text = `${node.name} (${node.module}:${node.line})`
    const share = ((100 * total) / whole).toFixed(2)
    const y = (depth + 2) * ROW
    const letters = Math.floor(width / TEXT_WIDTH) - 1
    boxes.push(
      `<g><title>${escaped(`${text}: ${shown(total)}, ${share}%`)}</title>` +
        `<rect x="${x.toFixed(1)}" y="${y}" width="${width.toFixed(1)}" height="${ROW - 1}" fill="${colorOf(node.module)}"/>` +
        (letters > 3 ? `<text x="${(x + 3).toFixed(1)}" y="${y + 11}">${escaped(text.slice(0, letters))}</text>` : '') +
        '</g>',
    )
    let at = x
    for (const child of node.children.toSorted((a, b) => totals.get(b)! - totals.get(a)!)) {
      draw(child, at, depth + 1)
      at += (WIDTH * totals.get(child)!) / whole
    }
  }
  draw(root, 0, 0)
  const height = (deepest + 4) * ROW
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="monospace" font-size="11">`,
    '<style>g:hover rect{stroke:#000}text{pointer-events:none}</style>',
    `<text x="3" y="14" font-size="13">${escaped(title)}</text>`,
    ...boxes,
    '</svg>\n',
  ].join('\n')
}

function addUp(node: CallNode, totals: Map<CallNode, number>): number {
  const total = node.children.reduce((sum, child) => sum + addUp(child, totals), node.self)
  totals.set(node, total)
  return total
}

/** One color a module, the same in every graph. */
function colorOf(module: string): string {
  let hash = 0
  for (const letter of module) hash = (hash * 31 + letter.charCodeAt(0)) >>> 0
  return `hsl(${hash % 360} 60% ${70 + (hash % 3) * 5}%)`
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
