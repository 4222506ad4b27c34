import type { Processor } from '../processors/processor.ts'
import { AppError } from '../schemas/errors.ts'
import type { TopicName } from '../schemas/topics.ts'

export type TopologyNode =
  | { readonly kind: 'source'; readonly name: string; readonly topic: TopicName }
  /** Time: what is due enters here without a record. */
  | { readonly kind: 'timers'; readonly name: string }
  | {
      readonly kind: 'processor'
      readonly name: string
      readonly parents: readonly string[]
      readonly create: () => Processor
    }
  | { readonly kind: 'sink'; readonly name: string; readonly parents: readonly string[]; readonly topic: TopicName }

/**
 * Names and arrows, as a value: every method answers with a new topology and leaves this one alone. A node's parents come
 * before it, so the order of `nodes` is an order in which they can run.
 * Every method throws AppError INTERNAL for a name that is taken and a parent that isn't there or is a sink.
 */
export interface Topology {
  readonly nodes: readonly TopologyNode[]
  source(name: string, topic: TopicName): Topology
  timers(name: string): Topology
  processor(name: string, create: () => Processor, parents: readonly string[]): Topology
  sink(name: string, topic: TopicName, parents: readonly string[]): Topology
}

/** A topology without nodes. */
export function createTopology(): Topology {
  return topologyOf([])
}

function topologyOf(nodes: readonly TopologyNode[]): Topology {
  return Object.freeze({
    nodes,
    source: (name: string, topic: TopicName) => withNode(nodes, { kind: 'source', name, topic }),
    timers: (name: string) => withNode(nodes, { kind: 'timers', name }),
    processor: (name: string, create: () => Processor, parents: readonly string[]) =>
      withNode(nodes, { kind: 'processor', name, create, parents }),
    sink: (name: string, topic: TopicName, parents: readonly string[]) =>
      withNode(nodes, { kind: 'sink', name, topic, parents }),
  })
}

function withNode(nodes: readonly TopologyNode[], node: TopologyNode): Topology {
  const refuse = (problem: string): never => {
    throw new AppError('INTERNAL', `topology: ${node.kind} ${node.name} ${problem}`, { details: { node: node.name } })
  }
  if (nodes.some(({ name }) => name === node.name)) refuse('has a name that is taken')
  if (node.kind === 'source') {
    const twin = nodes.find((other) => other.kind === 'source' && other.topic === node.topic)
    if (twin) refuse(`reads ${node.topic}, which ${twin.name} reads already`)
  } else if (node.kind !== 'timers') {
    if (node.parents.length === 0) refuse('has no parent')
    for (const parent of node.parents) {
      const found = nodes.find(({ name }) => name === parent) ?? refuse(`has the unknown parent ${parent}`)
      if (found.kind === 'sink') refuse(`has the sink ${parent} as a parent`)
    }
  }
  return topologyOf(Object.freeze([...nodes, Object.freeze(node)]))
}
