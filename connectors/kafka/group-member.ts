import { setTimeout as sleep } from 'node:timers/promises'
import kafkajs from 'kafkajs'
import type { AppError } from '../../schemas/errors.ts'
import type { KafkaClient } from './client.ts'
import { asKafkaError, kafkaErrorType } from './kafka-error.ts'

export interface MemberView {
  readonly memberId: string
  /** Partitions it worked on when it joined. */
  readonly owned: readonly number[]
}

/** Pure: the partitions of each member. Called in the group's leader only. */
export type Assign = (members: readonly MemberView[], partitions: number) => ReadonlyMap<string, readonly number[]>

export interface GroupMemberOptions {
  readonly client: KafkaClient
  readonly group: string
  /** Co-partitioned: partition p of every topic goes to the same member. */
  readonly topics: readonly string[]
  readonly partitions: number
  readonly assign: Assign
  readonly protocolName: string
  readonly sessionTimeoutMs: number
  readonly rebalanceTimeoutMs: number
  readonly heartbeatMs: number
  /** Called with the whole new assignment of each generation. */
  readonly onAssigned: (partitions: readonly number[], generation: number) => void
  readonly onHealth?: (error: AppError | null) => void
}

const { AssignerProtocol } = kafkajs

const RETRY_MS = 200
/** A coordinator that is being chosen or is loading answers after a try or two: only then is it news. */
const REPORTED_FAILURES = 5
/** Answers after which this member is nobody: it joins again without an id. */
const UNKNOWN_TYPES = new Set(['UNKNOWN_MEMBER_ID', 'FENCED_INSTANCE_ID'])
const REJOIN_TYPES = new Set(['REBALANCE_IN_PROGRESS', 'ILLEGAL_GENERATION', ...UNKNOWN_TYPES])

/**
 * A member of a consumer group that only shares partitions out: offsets are committed by the tasks' transactions.
 * Tasks go on during a rebalance, since a partition's new owner fences the old one before it reads anything.
 */
export class GroupMember {
  readonly #options: GroupMemberOptions
  #memberId = ''
  #generation = -1
  #owned: readonly number[] = []
  /** The generation that gave `#owned`: between joining the next one and its assignment nothing is owned for sure. */
  #ownedSince = -1
  #stopping = false
  #running: Promise<void> = Promise.resolve()
  #wakeBeat: () => void = () => {}

  constructor(options: GroupMemberOptions) {
    this.#options = options
  }

  get generation(): number {
    return this.#generation
  }

  get memberId(): string {
    return this.#memberId
  }

  start(): void {
    this.#running = this.#run()
  }

  /**
   * True only if the group says at this moment that this member is in the current generation and owns the partition.
   * Anybody else must not take the partition over: two would fence each other by turns.
   */
  async confirms(partition: number): Promise<boolean> {
    const generation = this.#generation
    const owns = (): boolean =>
      this.#generation === generation && this.#ownedSince === generation && this.#owned.includes(partition)
    if (!owns()) return false
    try {
      await this.#heartbeat()
      return owns()
    } catch (error) {
      // The run loop finds the same and joins again; until then nothing is confirmed.
      this.#wakeBeat()
      if (REJOIN_TYPES.has(kafkaErrorType(error))) return false
      throw asKafkaError(error, 'asking the group who owns the partition', { partition })
    }
  }

  async stop(): Promise<void> {
    this.#stopping = true
    this.#wakeBeat()
    const { client, group } = this.#options
    if (this.#memberId) {
      try {
        const coordinator = await client.coordinator(group, 'group')
        await coordinator.leaveGroup({ groupId: group, memberId: this.#memberId })
      } catch {
        // The group notices by the session time-out instead.
      }
    }
    await Promise.race([this.#running, sleep(1_000)])
  }

  async #run(): Promise<void> {
    let failures = 0
    while (!this.#stopping) {
      try {
        await this.#join()
        if (failures >= REPORTED_FAILURES) this.#options.onHealth?.(null)
        failures = 0
        await this.#beatUntilRebalance()
      } catch (error) {
        if (this.#stopping) return
        const type = kafkaErrorType(error)
        if (UNKNOWN_TYPES.has(type)) {
          this.#memberId = ''
          this.#assigned([], -1)
        } else if (!REJOIN_TYPES.has(type)) {
          this.#options.client.forgetCoordinator(this.#options.group, 'group')
          if (++failures === REPORTED_FAILURES) {
            this.#options.onHealth?.(asKafkaError(error, `joining group ${this.#options.group}`))
          }
        }
        await sleep(RETRY_MS)
      }
    }
  }

  async #join(): Promise<void> {
    const { client, group, topics, protocolName, sessionTimeoutMs, rebalanceTimeoutMs } = this.#options
    const coordinator = await client.coordinator(group, 'group')
    const userData = Buffer.from(JSON.stringify({ owned: this.#owned }))
    const joining = {
      groupId: group,
      sessionTimeout: sessionTimeoutMs,
      rebalanceTimeout: rebalanceTimeoutMs,
      protocolType: 'consumer',
      groupProtocols: [
        {
          name: protocolName,
          metadata: AssignerProtocol.MemberMetadata.encode({ version: 1, topics: [...topics], userData }),
        },
      ],
    }
    let joined: Awaited<ReturnType<typeof coordinator.joinGroup>>
    try {
      joined = await coordinator.joinGroup({ ...joining, memberId: this.#memberId })
    } catch (error) {
      if ((error as Error).name !== 'KafkaJSMemberIdRequired') throw error
      this.#memberId = (error as { memberId: string }).memberId
      joined = await coordinator.joinGroup({ ...joining, memberId: this.#memberId })
    }
    this.#memberId = joined.memberId
    this.#generation = joined.generationId
    const { memberAssignment } = await coordinator.syncGroup({
      groupId: group,
      generationId: joined.generationId,
      memberId: joined.memberId,
      groupAssignment: joined.leaderId === joined.memberId ? this.#shareOut(joined.members) : [],
    })
    const decoded = AssignerProtocol.MemberAssignment.decode(memberAssignment)
    this.#assigned(decoded?.assignment[topics[0]!] ?? [], joined.generationId)
  }

  #shareOut(
    members: readonly { memberId: string; memberMetadata: Buffer }[],
  ): { memberId: string; memberAssignment: Buffer }[] {
    const { assign, partitions, topics } = this.#options
    const views = members.map(({ memberId, memberMetadata }) => ({ memberId, owned: ownedOf(memberMetadata) }))
    return [...assign(views, partitions)].map(([memberId, mine]) => ({
      memberId,
      memberAssignment: AssignerProtocol.MemberAssignment.encode({
        version: 1,
        assignment: Object.fromEntries(topics.map((topic) => [topic, [...mine]])),
        userData: Buffer.alloc(0),
      }),
    }))
  }

  #assigned(partitions: readonly number[], generation: number): void {
    this.#owned = [...partitions].sort((a, b) => a - b)
    this.#ownedSince = generation
    this.#options.onAssigned(this.#owned, generation)
  }

  async #beatUntilRebalance(): Promise<void> {
    while (!this.#stopping) {
      await Promise.race([
        sleep(this.#options.heartbeatMs),
        new Promise<void>((wake) => {
          this.#wakeBeat = wake
        }),
      ])
      if (!this.#stopping) await this.#heartbeat()
    }
  }

  async #heartbeat(): Promise<void> {
    const { client, group } = this.#options
    const coordinator = await client.coordinator(group, 'group')
    await coordinator.heartbeat({ groupId: group, groupGenerationId: this.#generation, memberId: this.#memberId })
  }
}

/** Foreign or damaged metadata only means that nothing is known to be owned. */
function ownedOf(memberMetadata: Buffer): number[] {
  try {
    const { userData } = AssignerProtocol.MemberMetadata.decode(memberMetadata) ?? {}
    const parsed: unknown = JSON.parse(String(userData))
    const owned = (parsed as { owned?: unknown }).owned
    return Array.isArray(owned) ? owned.filter((each): each is number => Number.isInteger(each)) : []
  } catch {
    return []
  }
}
