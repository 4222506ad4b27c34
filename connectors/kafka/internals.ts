import { createRequire } from 'node:module'
import { AppError } from '../../schemas/errors.ts'
import type { Connection } from './raw-call.ts'

/**
 * The parts of kafkajs that everscore builds on: connections (TLS, SASL, framing, time-outs), metadata, coordinators and
 * the protocol's encoders. Its consumer and producer loops are not used (docs/decisions/0001). They are internal modules
 * of a release that is frozen, so exactly that release is asked for.
 */
const KAFKAJS_VERSION = '2.2.4'

const require = createRequire(import.meta.url)

function guarded<T>(path: string): T {
  const { version } = require('kafkajs/package.json') as { version: string }
  if (version !== KAFKAJS_VERSION) {
    throw new AppError('INTERNAL', `kafkajs ${KAFKAJS_VERSION} is needed, found ${version}`, { details: { version } })
  }
  return require(`kafkajs/src/${path}`) as T
}

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

export interface Cluster {
  readonly brokerPool: { readonly metadata: { readonly clusterId?: string } | null }
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

let spinStopped = false

/**
 * kafkajs re-arms a timer of about 1 ms on every connection for ever (tulios/kafkajs#1704). A check is only needed while
 * requests wait; each answered request looks after the others by itself.
 */
export function stopTimerSpin(): void {
  if (spinStopped) return
  spinStopped = true
  const RequestQueue = guarded<{ prototype: { pending: unknown[]; scheduleCheckPendingRequests(): void } }>(
    'network/requestQueue/index.js',
  )
  const schedule = RequestQueue.prototype.scheduleCheckPendingRequests
  RequestQueue.prototype.scheduleCheckPendingRequests = function scheduleWhilePending(): void {
    if (this.pending.length > 0) schedule.call(this)
  }
}

let connectsOnce = false
const LATE_CONNECT_MS = 500

/**
 * Requests that find a connection closed each open a socket of their own, all but the last of which are forgotten; as
 * each of those ends, kafkajs closes the one in use. Requests that come while it connects wait for the same socket.
 */
function connectOnce(): void {
  if (connectsOnce) return
  connectsOnce = true
  const { prototype } = guarded<{ prototype: { readonly connectionTimeout: number; connect(): Promise<unknown> } }>(
    'network/connection.js',
  )
  const { connect } = prototype
  const underWay = new WeakMap<object, Promise<unknown>>()
  prototype.connect = function connectTogether(): Promise<unknown> {
    const known = underWay.get(this)
    if (known) return known
    let timer: NodeJS.Timeout | undefined
    // A peer that hangs up during a TLS handshake makes kafkajs forget its own time-out: all would wait for ever.
    const late = new Promise((_resolve, reject) => {
      const error = Object.assign(new Error('no connection in time'), { code: 'ETIMEDOUT' })
      timer = setTimeout(() => reject(error), this.connectionTimeout + LATE_CONNECT_MS)
    })
    const connecting = Promise.race([connect.call(this), late]).finally(() => {
      clearTimeout(timer)
      underWay.delete(this)
    })
    underWay.set(this, connecting)
    return connecting
  }
}

export function createCluster(options: ClusterOptions): Cluster {
  stopTimerSpin()
  connectOnce()
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

/** A KafkaJSProtocolError for a code in an answer that everscore decodes itself. */
export function protocolError(code: number): Error & { type: string; retriable: boolean } {
  const { createErrorFromCode } = guarded<{
    createErrorFromCode(code: number): Error & { type: string; retriable: boolean }
  }>('protocol/error.js')
  return createErrorFromCode(code)
}
