import type { Topology, TopologyNode } from './topology.ts'

/** The topology as a Mermaid flowchart: topics as cylinders, processors as boxes, timers rounded, in the order they were named. */
export function describeTopology({ nodes }: Topology): string {
  // Names may be words that Mermaid keeps for itself (end, style), so nodes go by number.
  const ids = new Map(nodes.map(({ name }, i) => [name, `n${i}`]))
  const shapes = nodes.map((node) => `  ${ids.get(node.name)}${shapeOf(node)}`)
  const arrows = nodes.flatMap((node) =>
    node.kind === 'source' || node.kind === 'timers'
      ? []
      : node.parents.map((parent) => `  ${ids.get(parent)} --> ${ids.get(node.name)}`),
  )
  return ['flowchart LR', ...shapes, ...arrows, ''].join('\n')
}

function shapeOf(node: TopologyNode): string {
  if (node.kind === 'timers') return `(["${node.name}"])`
  return node.kind === 'processor' ? `["${node.name}"]` : `[("${node.topic}")]`
}
