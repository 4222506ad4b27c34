import { guarded } from './kafkajs-module.ts'
import { mendKafkajs } from './mended-kafkajs.ts'
import type { Connection } from './raw-call.ts'

/** kafkajs's Encoder, as far as its own framing looks at it. */
export interface EncodedRequest {
  readonly buffer: Buffer
}

export interface ProtocolCall<T> {
  readonly request: {
    readonly apiKey: number
    readonly apiVersion: number
    readonly apiName: string
    encode(): Promise<EncodedRequest>
    expectResponse?(): boolean
  }
  readonly response: {
    decode(raw: Buffer): Promise<T & { clientSideThrottleTime?: number }>
    parse(decoded: T): Promise<T>
  }
  readonly requestTimeout?: number
  readonly logResponseError?: boolean
}

export interface JoinedMember {
  readonly memberId: string
  readonly memberMetadata: Buffer
}

export interface TopicOffsets {
  readonly topic: string
  readonly partitions: readonly { readonly partition: number; readonly offset: string; readonly metadata?: string }[]
}

/** kafkajs's Broker: one method a request; answers with an error code are thrown as KafkaJSProtocolError with `type`. */
export interface Broker {
  readonly nodeId: number | null
  /** What it speaks, by API key; null before it is connected. */
  readonly versions: Readonly<Record<number, { readonly maxVersion: number }>> | null
  readonly connectionPool: {
    send<T>(call: ProtocolCall<T>): Promise<T>
    getConnectionByRequest(call: { request: { apiKey: number } }): Promise<Connection>
  }
  isConnected(): boolean
  connect(): Promise<void>
  joinGroup(request: {
    groupId: string
    sessionTimeout: number
    rebalanceTimeout: number
    memberId: string
    protocolType: string
    groupProtocols: readonly { name: string; metadata: Buffer }[]
  }): Promise<{ generationId: number; leaderId: string; memberId: string; members: JoinedMember[] }>
  syncGroup(request: {
    groupId: string
    generationId: number
    memberId: string
    groupAssignment: readonly { memberId: string; memberAssignment: Buffer }[]
  }): Promise<{ memberAssignment: Buffer }>
  heartbeat(request: { groupId: string; groupGenerationId: number; memberId: string }): Promise<unknown>
  leaveGroup(request: { groupId: string; memberId: string }): Promise<unknown>
  offsetFetch(request: {
    groupId: string
    topics: readonly { topic: string; partitions: readonly { partition: number }[] }[]
  }): Promise<{ responses: TopicOffsets[] }>
  offsetCommit(request: {
    groupId: string
    groupGenerationId: number
    memberId: string
    topics: readonly TopicOffsets[]
  }): Promise<unknown>
  listOffsets(request: {
    replicaId?: number
    isolationLevel?: number
    topics: readonly { topic: string; partitions: readonly { partition: number; timestamp: number }[] }[]
  }): Promise<{ responses: { topic: string; partitions: { partition: number; offset: string }[] }[] }>
  initProducerId(request: { transactionalId: string | null; transactionTimeout: number }): Promise<{
    producerId: string
    producerEpoch: number
  }>
  addPartitionsToTxn(request: {
    transactionalId: string
    producerId: string
    producerEpoch: number
    topics: readonly { topic: string; partitions: readonly number[] }[]
  }): Promise<unknown>
  addOffsetsToTxn(request: {
    transactionalId: string
    producerId: string
    producerEpoch: number
    groupId: string
  }): Promise<unknown>
  txnOffsetCommit(request: {
    transactionalId: string
    groupId: string
    producerId: string
    producerEpoch: number
    topics: readonly TopicOffsets[]
  }): Promise<unknown>
  endTxn(request: {
    transactionalId: string
    producerId: string
    producerEpoch: number
    transactionResult: boolean
  }): Promise<unknown>
}

export interface Metadata {
  readonly clusterId?: string
  /** Those that answer. */
  readonly brokers: readonly { readonly nodeId: number }[]
  readonly topicMetadata: readonly {
    readonly partitionMetadata: readonly { readonly replicas: readonly number[] }[]
  }[]
}

export interface Cluster {
  readonly brokerPool: { readonly metadata: Metadata | null }
  connect(): Promise<void>
  disconnect(): Promise<void>
  addMultipleTargetTopics(topics: readonly string[]): Promise<void>
  refreshMetadata(): Promise<void>
  findBroker(target: { nodeId: string | number }): Promise<Broker>
  findGroupCoordinator(target: { groupId: string; coordinatorType: number }): Promise<Broker>
  findTopicPartitionMetadata(topic: string): { readonly partitionId: number; readonly leader: number }[]
}

export type KafkajsLogCreator = (
  level: number,
) => (entry: { level: number; log: { message: string; [field: string]: unknown } }) => void

export interface ClusterOptions {
  readonly brokers: readonly string[]
  readonly clientId: string
  readonly ssl?: unknown
  readonly sasl?: unknown
  readonly connectionTimeout: number
  readonly requestTimeout: number
  readonly logCreator: KafkajsLogCreator
}

/** Coordinator kinds of FindCoordinator. */
export const COORDINATOR = { group: 0, transaction: 1 } as const

export function createCluster(options: ClusterOptions): Cluster {
  mendKafkajs()
  const ClusterClass = guarded<new (settings: Record<string, unknown>) => Cluster>('cluster/index.js')
  const { createLogger, LEVELS } = guarded<{
    createLogger(settings: { level: number; logCreator: KafkajsLogCreator }): unknown
    LEVELS: { ERROR: number }
  }>('loggers/index.js')
  const socketFactory = guarded<() => unknown>('network/socketFactory.js')
  return new ClusterClass({
    logger: createLogger({ level: LEVELS.ERROR, logCreator: options.logCreator }),
    socketFactory: socketFactory(),
    brokers: options.brokers,
    ssl: options.ssl,
    sasl: options.sasl,
    clientId: options.clientId,
    connectionTimeout: options.connectionTimeout,
    authenticationTimeout: 10_000,
    reauthenticationThreshold: 10_000,
    requestTimeout: options.requestTimeout,
    enforceRequestTimeout: true,
    metadataMaxAge: 300_000,
    retry: { retries: 3, initialRetryTime: 50, maxRetryTime: 500, factor: 0.2, multiplier: 2 },
    allowAutoTopicCreation: false,
    maxInFlightRequests: null,
    isolationLevel: 1,
  })
}

/** A request body that everscore has encoded itself, as the Encoder that kafkajs's framing insists on. */
export function encodedRequest(bytes: Buffer): EncodedRequest {
  const Encoder = guarded<{ prototype: object }>('protocol/encoder.js')
  return Object.assign(Object.create(Encoder.prototype) as EncodedRequest, { buf: bytes, offset: bytes.length })
}

/** The response half of a request that everscore encodes itself. */
export function responseOf<T>(api: string, version: number): ProtocolCall<T>['response'] {
  return guarded(`protocol/requests/${api}/v${version}/response.js`)
}

/** Codes that kafkajs doesn't know: they came with versions of requests that it doesn't speak. */
const LATER_CODES: Readonly<
  Record<number, { readonly type: string; readonly message: string; readonly retriable: boolean }>
> = {
  90: {
    type: 'PRODUCER_FENCED',
    message: 'There is a newer producer with the same transactional id',
    retriable: false,
  },
  120: {
    type: 'TRANSACTION_ABORTABLE',
    message: 'The transaction can only be aborted, and done again',
    retriable: true,
  },
}

/** A KafkaJSProtocolError for a code in an answer that everscore decodes itself. */
export function protocolError(code: number): Error & { type: string; retriable: boolean } {
  const { createErrorFromCode } = guarded<{
    createErrorFromCode(code: number): Error & { type: string; retriable: boolean }
  }>('protocol/error.js')
  return Object.assign(createErrorFromCode(code), LATER_CODES[code])
}

export function throwIfRefused(errorCode: number): void {
  if (errorCode !== 0) throw protocolError(errorCode)
}
