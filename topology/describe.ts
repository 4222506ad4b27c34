import type { Part } from './installation.ts'
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

/**
 * Tasks and processes as a Mermaid flowchart: boxes that read topics (arrows), follow them from their beginnings (dotted
 * arrows), and write topics; time rounded, in the order in which they are named.
 */
export function describeInstallation(parts: readonly Part[]): string {
  const topics = [...new Set(parts.flatMap(({ reads, writes, follows }) => [...reads, ...writes, ...follows]))]
  const times = parts.flatMap(({ timers }) => timers)
  const ids = new Map([
    ...topics.map((topic, i) => [topic, `t${i}`] as const),
    ...parts.map(({ name }, i) => [name, `p${i}`] as const),
    ...times.map((time, i) => [time, `c${i}`] as const),
  ])
  const arrow = (from: string, how: string, to: string): string => `  ${ids.get(from)} ${how} ${ids.get(to)}`
  return [
    'flowchart LR',
    ...topics.map((topic) => `  ${ids.get(topic)}[("${topic}")]`),
    ...parts.map(({ name }) => `  ${ids.get(name)}["${name}"]`),
    ...times.map((time) => `  ${ids.get(time)}(["${time}"])`),
    '  redis[("Redis")]',
    ...parts.flatMap(({ name, reads, follows, writes, timers, redis }) => [
      ...reads.map((topic) => arrow(topic, '-->', name)),
      ...follows.map((topic) => arrow(topic, '-.->', name)),
      ...timers.map((time) => arrow(time, '-->', name)),
      ...writes.map((topic) => arrow(name, '-->', topic)),
      ...(redis === 'writes' ? [`  ${ids.get(name)} <--> redis`] : []),
      ...(redis === 'reads' ? [`  redis --> ${ids.get(name)}`] : []),
    ]),
    '',
  ].join('\n')
}
