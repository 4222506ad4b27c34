import { DELTA_TOPICS, type TopicName } from '../schemas/topics.ts'
import { scoringTopology } from './scoring.ts'

/** A process, or a task of one, and the topics that it has to do with. */
export interface Part {
  readonly name: string
  /** Read from a position on, each record once. */
  readonly reads: readonly TopicName[]
  /** Read from the beginning, and the newest record of each key kept. */
  readonly follows: readonly TopicName[]
  readonly writes: readonly TopicName[]
  /** What else makes it work: time. */
  readonly timers: readonly string[]
  /** Its view in Redis, by what it does with it. */
  readonly redis: 'writes' | 'reads' | null
}

const topicsOf = (kind: 'source' | 'sink'): TopicName[] =>
  scoringTopology.nodes.flatMap((node) => (node.kind === kind ? [node.topic] : []))

/** Everything that runs. What a task follows includes the changelog that it restores itself from. */
export const INSTALLATION: readonly Part[] = [
  {
    name: 'customer task',
    reads: topicsOf('source'),
    follows: ['customers', 'churn-snapshots', 'settings', 'thresholds', 'models'],
    // Who moved from one bucket of the population to another is told of a batch, not of an event.
    writes: [...topicsOf('sink'), 'population-deltas'],
    timers: scoringTopology.nodes.flatMap((node) => (node.kind === 'timers' ? [node.name] : [])),
    redis: 'writes',
  },
  {
    name: 'aggregate task',
    reads: DELTA_TOPICS,
    follows: ['aggregate-state', 'settings'],
    writes: ['aggregate-state', 'nps', 'cross-sell', 'thresholds', 'dead-letters'],
    timers: ['windows end', 'results are due', 'the day turns'],
    redis: 'writes',
  },
  {
    name: 'trainer',
    reads: ['training-examples', 'score-samples', 'customers'],
    follows: ['training-requests', 'model-watch', 'models', 'settings', 'thresholds'],
    writes: ['models', 'training-requests', 'model-watch', 'alerts'],
    timers: ['training is due'],
    redis: null,
  },
  {
    name: 'query API',
    reads: [],
    follows: ['settings', 'thresholds', 'models', 'training-requests', 'model-watch'],
    writes: ['models', 'training-requests'],
    timers: [],
    redis: 'reads',
  },
]
