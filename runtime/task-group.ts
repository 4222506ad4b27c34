import { GroupMember, type GroupMemberOptions } from '../connectors/kafka/group-member.ts'
import { assignSticky } from './assignor.ts'
import type { Log } from './log.ts'
import type { PartitionTask } from './partition-task.ts'

export interface TaskGroupOptions
  extends Omit<GroupMemberOptions, 'assign' | 'protocolName' | 'rebalanceTimeoutMs' | 'onAssigned'> {
  readonly newTask: (partition: number, confirms: GroupMember['confirms']) => PartitionTask
  readonly log: Log
}

/** The tasks of one kind in this worker: one for each partition that their consumer group gives it. */
export class TaskGroup {
  readonly #options: TaskGroupOptions
  readonly #member: GroupMember
  readonly #tasks = new Map<number, PartitionTask>()
  readonly #leaving = new Map<number, Promise<void>>()
  #stopped = false

  constructor(options: TaskGroupOptions) {
    this.#options = options
    this.#member = new GroupMember({
      ...options,
      assign: assignSticky,
      protocolName: 'everscore-sticky',
      rebalanceTimeoutMs: options.sessionTimeoutMs,
      onAssigned: (owned, generation) => this.#assigned(owned, generation),
    })
  }

  get tasks(): readonly PartitionTask[] {
    return [...this.#tasks.values()]
  }

  /** Joins the group; partitions come after that. */
  start(): void {
    this.#member.start()
  }

  /** Ends the open batches and leaves the group. */
  async stop(): Promise<void> {
    this.#stopped = true
    await Promise.all(this.tasks.map((task) => task.stop()))
    await Promise.all(this.#leaving.values())
    await this.#member.stop()
  }

  #assigned(owned: readonly number[], generation: number): void {
    const { group, log } = this.#options
    const wanted = new Set(owned)
    for (const [partition, task] of this.#tasks) {
      if (wanted.has(partition)) continue
      this.#tasks.delete(partition)
      this.#leaving.set(
        partition,
        task.stop().finally(() => this.#leaving.delete(partition)),
      )
    }
    const added = owned.filter((partition) => !this.#tasks.has(partition))
    for (const partition of added) void this.#begin(partition)
    log('partitions assigned', { group, generation, partitions: owned, added })
  }

  async #begin(partition: number): Promise<void> {
    const task = this.#options.newTask(partition, (asked) => this.#member.confirms(asked))
    this.#tasks.set(partition, task)
    await this.#leaving.get(partition)
    if (this.#tasks.get(partition) === task && !this.#stopped) task.start()
  }
}
