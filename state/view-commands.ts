import { listed, type ScriptArguments } from './redis-script.ts'
import type { ViewChange } from './redis-view.ts'
import type { RespBuffer } from './resp-buffer.ts'
import { writeCommand, writeText } from './write-command.ts'

/** The type of the keys that a command is for. */
const TYPES = { HSET: 'hash', HDEL: 'hash', ZADD: 'zset', ZREM: 'zset', SADD: 'set', SREM: 'set' } as const

type ViewCommand = keyof typeof TYPES

/** From so many items on a command goes past the script, whose copies of its arguments then cost more than a command. */
const MANY = 256

/** Arguments of one command on one key. */
interface Group<T = unknown> {
  readonly command: string
  readonly key: string
  readonly items: readonly T[]
  readonly argumentsEach: number
  readonly write: (resp: RespBuffer, item: T) => void
}

/** What a change does to a view: groups of arguments for commit.lua, and commands with many items that go before it. */
export class ViewCommands {
  /** Key -> its number in the script. */
  readonly #keys = new Map<string, number>()
  readonly #large: Group[] = []
  readonly #small: Group[] = []
  readonly #last: Group[] = []

  constructor(positionKey: string) {
    this.#numberOf(positionKey)
  }

  /** Some of it goes before the script: both must be one transaction. */
  get isLarge(): boolean {
    return this.#large.length > 0
  }

  get keys(): string[] {
    return [...this.#keys.keys()]
  }

  /** A command with the arguments that `write` gives of each item; none without items. */
  add<T>(
    command: ViewCommand,
    key: string,
    items: readonly T[],
    argumentsEach: number,
    write: (resp: RespBuffer, item: T) => void,
  ): void {
    if (items.length === 0) return
    const group = { command, key, items, argumentsEach, write } as Group
    if (items.length < MANY) {
      this.#put(this.#small, group)
      return
    }
    this.#large.push(group)
    const isOfType = { command: 'IS', key, items: [TYPES[command]], argumentsEach: 1, write: writeText }
    this.#put(this.#small, isOfType as Group)
  }

  /** If the key is empty after all this, then a member of another key goes with it. */
  ifEmptied(key: string, command: 'SREM' | 'ZREM', of: string, member: string): void {
    const items = [[command, this.#numberOf(of), member]]
    const write = (resp: RespBuffer, item: (typeof items)[number]): void => listed(item).write(resp)
    this.#put(this.#last, { command: 'FORGET', key, items, argumentsEach: 3, write } as Group)
  }

  /** The commands that go before the script. */
  writeLarge(resp: RespBuffer): void {
    for (const { command, key, items, argumentsEach, write } of this.#large) {
      writeCommand(resp, command, [key], items, argumentsEach, write)
    }
  }

  /** What commit.lua takes after its keys. */
  scriptArguments({ expected, position }: ViewChange): ScriptArguments {
    const groups = [...this.#small, ...this.#last]
    const start = [
      expected ?? '',
      position.offset,
      JSON.stringify(position.inputs),
      position.cluster,
      position.topic,
      position.at,
    ]
    const write = (resp: RespBuffer): void => {
      listed(start).write(resp)
      for (const { command, key, items, argumentsEach, write } of groups) {
        listed([command, this.#numberOf(key), items.length * argumentsEach]).write(resp)
        for (const item of items) write(resp, item)
      }
    }
    const count = groups.reduce((sum, { items, argumentsEach }) => sum + 3 + items.length * argumentsEach, start.length)
    return { count, write }
  }

  #put(groups: Group[], group: Group): void {
    this.#numberOf(group.key)
    groups.push(group)
  }

  #numberOf(key: string): number {
    const known = this.#keys.get(key)
    if (known !== undefined) return known
    this.#keys.set(key, this.#keys.size + 1)
    return this.#keys.size
  }
}
