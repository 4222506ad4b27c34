import { expect, it } from 'vitest'
import { OUTPUT_TOPICS } from '../../runtime/aggregate-outputs.ts'
import { TopicBroadcast } from '../../runtime/broadcast.ts'
import { DELTA_TOPICS, INPUT_TOPICS, TOPICS } from '../../schemas/topics.ts'
import { describeInstallation } from '../../topology/describe.ts'
import { INSTALLATION, type Part } from '../../topology/installation.ts'

const part = (name: string): Part => INSTALLATION.find((each) => each.name === name)!

it('names every topic, and who reads and writes it as the code does', () => {
  const named = new Set(INSTALLATION.flatMap(({ reads, follows, writes }) => [...reads, ...follows, ...writes]))
  expect([...named].sort()).toEqual(Object.keys(TOPICS).sort())
  expect(part('customer task').reads.toSorted()).toEqual(INPUT_TOPICS.toSorted())
  expect(part('customer task').follows).toEqual(expect.arrayContaining([...TopicBroadcast.TOPICS]))
  expect(part('customer task').writes).toEqual(expect.arrayContaining([...DELTA_TOPICS]))
  expect(part('aggregate task').reads).toEqual(DELTA_TOPICS)
  expect(part('aggregate task').writes).toEqual([...OUTPUT_TOPICS])
})

it('is drawn as Mermaid, with an arrow for each', () => {
  const drawn = describeInstallation(INSTALLATION)
  const arrows = INSTALLATION.reduce(
    (sum, { reads, follows, writes, timers, redis }) =>
      sum + reads.length + follows.length + writes.length + timers.length + (redis === null ? 0 : 1),
    0,
  )
  expect(drawn.split('\n').filter((line) => / (-->|-\.->|<-->) /.test(line))).toHaveLength(arrows)
  expect(drawn).not.toContain('undefined')
})
