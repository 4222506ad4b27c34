export type ServerName = 'kafka' | 'registry' | 'redis'

export const SERVER_NAMES: readonly ServerName[] = ['kafka', 'registry', 'redis']

/** How each server is called when speaking to people, and the variable that gives its address. */
export const SERVER_TITLES: Readonly<Record<ServerName, string>> = {
  kafka: 'Kafka',
  registry: 'the schema registry',
  redis: 'Redis',
}
export const ADDRESS_VARIABLES: Readonly<Record<ServerName, string>> = {
  kafka: 'KAFKA_BROKERS',
  registry: 'SCHEMA_REGISTRY_URL',
  redis: 'REDIS_URL',
}

/** given: an address from the environment. docker, java, native: started here, and stopped with the stack. */
export type ServerKind = 'given' | 'docker' | 'java' | 'native'

export interface RunningServer {
  readonly name: ServerName
  readonly address: string
  readonly kind: ServerKind
  /** The id of the server's own process; null where it is not ours (given) or not on this side of Docker. */
  readonly pid: number | null
  stop(): Promise<void>
  /** Sends the signal; resolves when it is sent, after SIGKILL and SIGTERM when the process is gone. */
  kill(signal: NodeJS.Signals): Promise<void>
  /** Starts it again on the same port with the same data, and resolves when it answers. */
  restart(): Promise<void>
}

export interface StackOptions {
  readonly env?: NodeJS.ProcessEnv
  /** Keeps topics, schemas and keys between runs; without it a temporary folder is used and removed. */
  readonly dataDir?: string
  /** Ports that must be used; the others are free ones. */
  readonly ports?: Readonly<Partial<Record<ServerName, number>>>
  readonly kafkaHeapMb?: number
  /**
   * For measurements: a broker that is compiled as far as one that runs for days. By default it compiles quickly and less far:
   * for its first minutes that is the faster broker, and it leaves the processors to the others of a small machine.
   */
  readonly kafkaFullyCompiled?: boolean
  readonly kafkaProperties?: Readonly<Record<string, string>>
  /** Leaves the other way out; without it Docker is preferred to Java. */
  readonly only?: 'docker' | 'java'
  readonly log?: (line: string) => void
  readonly signal?: AbortSignal
  /** Called once for each server that ends although nobody asked it to. */
  readonly onUnexpectedEnd?: (name: ServerName, message: string) => void
}

export interface Stack {
  readonly kafkaBrokers: string
  /** The address a Confluent client gets, with its path. */
  readonly schemaRegistryUrl: string
  readonly redisUrl: string
  readonly servers: readonly RunningServer[]
  env(): Record<string, string>
  stop(): Promise<void>
}
