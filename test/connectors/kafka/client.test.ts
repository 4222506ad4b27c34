import { expect, test } from 'vitest'
import { brokersIn } from '../../../connectors/kafka/client.ts'

const topicWith = (...replicas: number[][]) => ({ partitionMetadata: replicas.map((each) => ({ replicas: each })) })

test.each([
  ['nothing is known yet', null, 0],
  ['there is one', { brokers: [{ nodeId: 1 }], topicMetadata: [topicWith([1], [1])] }, 1],
  ['one of two is away', { brokers: [{ nodeId: 1 }], topicMetadata: [topicWith([1], [2])] }, 2],
  ['one of three has no partition', { brokers: [{ nodeId: 1 }, { nodeId: 7 }], topicMetadata: [topicWith([1, 2])] }, 3],
])('%s', (_, metadata, brokers) => {
  expect(brokersIn(metadata)).toBe(brokers)
})
