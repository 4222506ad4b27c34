import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** A function as it was called from its parent. `self` is in µs (CPU) or bytes (allocations). */
export interface CallNode {
  readonly name: string
  /** A file of the project, a package, `node:…`, or `(V8)` for what has no source. */
  readonly module: string
  readonly line: number
  self: number
  readonly children: CallNode[]
}

interface CallFrame {
  readonly functionName: string
  readonly url: string
  /** From 0. */
  readonly lineNumber: number
}

/** Chromium's .cpuprofile. */
interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number
    readonly callFrame: CallFrame
    readonly children?: readonly number[]
  }[]
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

interface HeapNode {
  readonly callFrame: CallFrame
  readonly selfSize: number
  readonly children: readonly HeapNode[]
}

/** Waiting is no work. */
const IDLE = new Set(['(idle)'])

/** @param text of a .cpuprofile @returns its root; time is in µs of CPU, waiting left out */
export function cpuTree(text: string): CallNode {
  const { nodes, samples, timeDeltas } = JSON.parse(text) as CpuProfile
  const byId = new Map(nodes.map(({ id, callFrame }) => [id, nodeOf(callFrame)]))
  for (const { id, children = [] } of nodes) {
    for (const child of children) byId.get(id)!.children.push(byId.get(child)!)
  }
  samples.forEach((id, i) => {
    // The delta of a sample is the time since the one before it: what was seen last has lasted until the next.
    const node = byId.get(id)!
    if (!IDLE.has(node.name)) node.self += Math.max(0, timeDeltas[i + 1] ?? 0)
  })
  return byId.get(nodes[0]!.id)!
}

/** @param text of a .heapprofile @returns its root; sizes are bytes */
export function heapTree(text: string): CallNode {
  const grow = ({ callFrame, selfSize, children }: HeapNode): CallNode => ({
    ...nodeOf(callFrame),
    self: selfSize,
    children: children.map(grow),
  })
  return grow((JSON.parse(text) as { head: HeapNode }).head)
}

/** Several processes' trees as one: the same calls are added up. */
export function merged(trees: readonly CallNode[]): CallNode {
  const [first, ...others] = trees
  if (first === undefined) throw new Error('no profile was written')
  const byCall = Map.groupBy(
    trees.flatMap(({ children }) => children),
    ({ name, module, line }) => `${module}:${line}:${name}`,
  )
  return {
    ...first,
    self: others.reduce((sum, { self }) => sum + self, first.self),
    children: [...byCall.values()].map(merged),
  }
}

function nodeOf({ functionName, url, lineNumber }: CallFrame): CallNode {
  return { name: functionName || '(anonymous)', module: moduleOf(url), line: lineNumber + 1, self: 0, children: [] }
}

function moduleOf(url: string): string {
  if (url === '') return '(V8)'
  if (url.startsWith('node:')) return url
  const path = url.startsWith('file:') ? fileURLToPath(url) : url
  const [, inPackage] = /node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*node_modules\/)/.exec(path) ?? []
  return inPackage ?? (path.startsWith(ROOT) ? path.slice(ROOT.length) : path)
}
