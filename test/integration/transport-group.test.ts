import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { KafkaClient } from '../../connectors/kafka/client.ts'
import { GroupMember, type MemberView } from '../../connectors/kafka/group-member.ts'
import { assignSticky } from '../../runtime/assignor.ts'
import { servers } from './servers.ts'
import { withAdmin } from './stack-clients.ts'
import { newPrefix } from './support/installation.ts'
import { waitFor } from './support/wait-for.ts'

const prefix = newPrefix()
const topics = [`${prefix}a`, `${prefix}b`]
const PARTITIONS = 6
let nextGroup = 0
let running: TestMember[] = []

interface TestMember {
  readonly member: GroupMember
  readonly client: KafkaClient
  /** The newest assignment. */
  owned(): readonly number[]
  /** All assignments, with their generations. */
  readonly assignments: { partitions: readonly number[]; generation: number }[]
}

beforeAll(async () => {
  await withAdmin(servers().kafkaBrokers, (admin) =>
    admin.createTopics({ topics: topics.map((topic) => ({ topic, numPartitions: PARTITIONS })), waitForLeaders: true }),
  )
})

afterEach(async () => {
  for (const { member, client } of running) {
    await member.stop()
    await client.close()
  }
  running = []
})

afterAll(async () => {
  await withAdmin(servers().kafkaBrokers, (admin) => admin.deleteTopics({ topics }))
})

async function join(
  group: string,
  assign: (members: readonly MemberView[], partitions: number) => Map<string, number[]> = assignSticky,
): Promise<TestMember> {
  const client = new KafkaClient({ brokers: servers().kafkaBrokers.split(','), clientId: 'group-test' })
  await client.connect(topics)
  const assignments: TestMember['assignments'] = []
  const member = new GroupMember({
    client,
    group: prefix + group,
    topics,
    partitions: PARTITIONS,
    assign,
    protocolName: 'test',
    sessionTimeoutMs: 6_000,
    rebalanceTimeoutMs: 6_000,
    heartbeatMs: 50,
    onAssigned: (partitions, generation) => assignments.push({ partitions, generation }),
  })
  const joined = { member, client, assignments, owned: () => assignments.at(-1)?.partitions ?? [] }
  running.push(joined)
  member.start()
  return joined
}

const newGroup = (): string => `group-${nextGroup++}`

async function untilShared(...members: TestMember[]): Promise<void> {
  await waitFor('the members to share all partitions', () => {
    const all = members.flatMap((member) => member.owned())
    const generations = new Set(members.map(({ assignments }) => assignments.at(-1)?.generation))
    return generations.size === 1 && all.length === PARTITIONS && new Set(all).size === PARTITIONS
  })
}

test('one member owns everything, a second takes its share and moves nothing else', async () => {
  const group = newGroup()
  const first = await join(group)
  await untilShared(first)
  const second = await join(group)
  await untilShared(first, second)
  expect([first.owned().length, second.owned().length]).toEqual([3, 3])
  // Nothing that the first one kept was ever taken from it.
  const kept = first.owned()
  for (const { partitions } of first.assignments) expect(partitions).toEqual(expect.arrayContaining([...kept]))
})

test('a member that leaves gives its partitions to the others, who keep theirs', async () => {
  const group = newGroup()
  const members = [await join(group), await join(group), await join(group)]
  await untilShared(...members)
  const [first, second, third] = members as [TestMember, TestMember, TestMember]
  const before = new Map([second, third].map((each) => [each, each.owned()]))
  await first.member.stop()
  await untilShared(second, third)
  for (const each of [second, third]) expect(each.owned()).toEqual(expect.arrayContaining([...before.get(each)!]))
})

test('a member confirms what it owns, and nothing else', async () => {
  const group = newGroup()
  const [first, second] = [await join(group), await join(group)]
  await untilShared(first, second)
  for (let partition = 0; partition < PARTITIONS; partition++) {
    expect(await first.member.confirms(partition)).toBe(first.owned().includes(partition))
    expect(await second.member.confirms(partition)).toBe(second.owned().includes(partition))
  }
  await first.member.stop()
  for (let partition = 0; partition < PARTITIONS; partition++) {
    expect(await first.member.confirms(partition).catch(() => false)).toBe(false)
  }
})

test('a member that the group has forgotten confirms nothing, and comes back', async () => {
  const group = newGroup()
  const [first, second] = [await join(group), await join(group)]
  await untilShared(first, second)
  // What the group sees of a member whose machine slept.
  const coordinator = await second.client.coordinator(prefix + group, 'group')
  const { memberId } = first.member
  const [mine] = first.owned()
  await coordinator.leaveGroup({ groupId: prefix + group, memberId })
  expect(await first.member.confirms(mine!)).toBe(false)
  await waitFor('a new id', () => first.member.memberId !== memberId && first.member.memberId !== '')
  await untilShared(first, second)
})

test('between joining a generation and its assignment a member confirms nothing', async () => {
  const group = newGroup()
  let holdsUp = false
  // The leader of the group is the first to join; while its assignment fails, the others wait for theirs.
  const leader = await join(group, (members, partitions) => {
    if (holdsUp) throw new Error('not yet')
    return assignSticky(members, partitions)
  })
  await untilShared(leader)
  const follower = await join(group)
  await untilShared(leader, follower)
  const mine = follower.owned()[0]!
  const before = follower.member.generation
  holdsUp = true
  const third = await join(group)
  await waitFor('the next generation', () => follower.member.generation > before)
  for (let i = 0; i < 50; i++) expect(await follower.member.confirms(mine).catch(() => false)).toBe(false)
  holdsUp = false
  await untilShared(leader, follower, third)
  const kept = follower.owned()[0]!
  await waitFor('the new assignment to be confirmed', () => follower.member.confirms(kept))
})
