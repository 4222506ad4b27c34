import { Cluster, Command, type Redis } from 'ioredis'
import { RespBuffer } from './resp-buffer.ts'

/** A connection that serves one caller at a time, and the buffer in which its commands are encoded. */
export interface OwnConnection {
  readonly redis: Redis
  readonly resp: RespBuffer
}

/**
 * Connections beside a shared one, for transactions: what WATCH promises, and what stands between MULTI and EXEC, belongs
 * to a connection. They are made when none is free, end at the first failure (nothing that was promised on one may be
 * relied on by another), and end with the shared one.
 */
export class OwnConnections {
  readonly #shared: Redis | Cluster
  readonly #open = new Set<Redis>()
  /** By the node of a cluster. */
  readonly #free = new Map<string, OwnConnection[]>()

  constructor(shared: Redis) {
    this.#shared = shared
  }

  /** @param key which the caller works on: in a cluster it says which node */
  async use<T>(key: string, work: (connection: OwnConnection) => Promise<T>): Promise<T> {
    const node = this.#nodeOf(key)
    const free = this.#freeOf(node)
    const connection = free.pop() ?? (await this.#connect(node))
    try {
      const done = await work(connection)
      free.push(connection)
      return done
    } catch (error) {
      connection.redis.disconnect()
      // The key may have moved.
      if (this.#shared instanceof Cluster) this.#shared.refreshSlotsCache()
      throw error
    }
  }

  readonly #close = (): void => {
    for (const redis of this.#open) redis.disconnect()
  }

  async #connect(node: Redis): Promise<OwnConnection> {
    if (this.#shared.status === 'end') throw new Error('the connection was closed')
    const redis = node.duplicate({ lazyConnect: true, enableOfflineQueue: false, retryStrategy: () => null })
    const connection = { redis, resp: new RespBuffer() }
    if (this.#open.size === 0) this.#shared.once('end', this.#close)
    this.#open.add(redis)
    // Without a listener a failure would end the process; the caller gets it from connect() or from its command.
    redis.on('error', () => {})
    redis.once('end', () => {
      this.#open.delete(redis)
      if (this.#open.size === 0) this.#shared.off('end', this.#close)
      const free = this.#freeOf(node)
      if (free.includes(connection)) free.splice(free.indexOf(connection), 1)
    })
    await redis.connect()
    return connection
  }

  #nodeOf(key: string): Redis {
    const shared = this.#shared
    if (!(shared instanceof Cluster)) return shared
    const [owner] = shared.slots[new Command('get', [key]).getSlot()] ?? []
    const node = shared.nodes('master').find((each) => nameOf(each) === owner)
    if (node === undefined) throw new Error('no node of the cluster is known to have the key')
    return node
  }

  #freeOf(node: Redis): OwnConnection[] {
    const name = nameOf(node)
    const free = this.#free.get(name) ?? []
    this.#free.set(name, free)
    return free
  }
}

/** What is sent meanwhile goes out in one piece: ioredis would make a system call of each command. */
export function together<T>({ redis }: OwnConnection, send: () => T): T {
  const { stream } = redis
  stream?.cork()
  try {
    return send()
  } finally {
    stream?.uncork()
  }
}

function nameOf({ options }: Redis): string {
  return `${options.host}:${options.port}`
}
