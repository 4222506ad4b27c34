import { AppError } from '../../schemas/errors.ts'
import { type Broker, type Cluster, COORDINATOR, createCluster, type Metadata } from './internals.ts'
import { asKafkaError, kafkaErrorType } from './kafka-error.ts'

const UNKNOWN_TOPIC = 'UNKNOWN_TOPIC_OR_PARTITION'

export interface KafkaSettings {
  readonly brokers: readonly string[]
  readonly clientId: string
  readonly ssl?: unknown
  readonly sasl?: unknown
  readonly connectionTimeoutMs?: number
  readonly requestTimeoutMs?: number
  /** Where the client's own error lines go; they are already in the errors it throws. */
  readonly log?: (line: string) => void
}

/**
 * One set of connections to the brokers. A broker answers the requests of a connection in their order, so whatever may
 * wait there (a join, a long poll, a transaction) has a KafkaClient of its own.
 */
export class KafkaClient {
  readonly #cluster: Cluster
  readonly #coordinators = new Map<string, Broker>()
  #closed = false

  constructor(settings: KafkaSettings) {
    this.#cluster = createCluster({
      brokers: settings.brokers,
      clientId: settings.clientId,
      ssl: settings.ssl,
      sasl: settings.sasl,
      connectionTimeout: settings.connectionTimeoutMs ?? 3_000,
      requestTimeout: settings.requestTimeoutMs ?? 30_000,
      logCreator: () => (entry) => settings.log?.(entry.log.message),
    })
  }

  /** @throws AppError TOPIC_MISMATCH naming the first topic that doesn't exist */
  async connect(topics: readonly string[]): Promise<void> {
    try {
      await this.#cluster.connect()
      await this.#cluster.addMultipleTargetTopics(topics)
    } catch (error) {
      if (kafkaErrorType(error) === UNKNOWN_TOPIC) await this.#refuseMissing(topics)
      throw asKafkaError(error, 'connecting to Kafka')
    }
  }

  /** The broker's answer doesn't say which of them it means. */
  async #refuseMissing(topics: readonly string[]): Promise<void> {
    for (const topic of topics) {
      try {
        await this.#cluster.addMultipleTargetTopics([topic])
      } catch (cause) {
        if (kafkaErrorType(cause) !== UNKNOWN_TOPIC) throw cause
        const message = `topic ${topic} doesn't exist: \`everscore init\` creates it`
        throw new AppError('TOPIC_MISMATCH', message, { cause, details: { topic } })
      }
    }
  }

  /** The id of the cluster: positions of another cluster mean nothing here. */
  clusterId(): string {
    const id = this.#cluster.brokerPool.metadata?.clusterId
    if (!id) throw new AppError('KAFKA_UNAVAILABLE', 'the cluster id is not known yet', { retryable: true })
    return id
  }

  /** How many brokers the cluster has, as far as it is known: those that answer, and those that hold replicas but are away. */
  get brokers(): number {
    return brokersIn(this.#cluster.brokerPool.metadata)
  }

  partitionsOf(topic: string): number {
    return this.#cluster.findTopicPartitionMetadata(topic).length
  }

  leaderOf(topic: string, partition: number): number {
    const found = this.#cluster.findTopicPartitionMetadata(topic).find((each) => each.partitionId === partition)
    if (!found || found.leader < 0) {
      throw new AppError('KAFKA_UNAVAILABLE', `${topic}/${partition} has no leader`, {
        retryable: true,
        details: { topic, partition, type: 'LEADER_NOT_AVAILABLE' },
      })
    }
    return found.leader
  }

  async broker(nodeId: number): Promise<Broker> {
    try {
      return await this.#cluster.findBroker({ nodeId: String(nodeId) })
    } catch (error) {
      throw asKafkaError(error, `connecting to broker ${nodeId}`)
    }
  }

  async coordinator(id: string, kind: keyof typeof COORDINATOR): Promise<Broker> {
    const name = `${kind}:${id}`
    const known = this.#coordinators.get(name)
    if (known?.isConnected()) return known
    try {
      const found = await this.#cluster.findGroupCoordinator({ groupId: id, coordinatorType: COORDINATOR[kind] })
      this.#coordinators.set(name, found)
      return found
    } catch (error) {
      throw asKafkaError(error, `finding the coordinator of ${id}`)
    }
  }

  /** Call after an answer like NOT_COORDINATOR: the next `coordinator` asks again. */
  forgetCoordinator(id: string, kind: keyof typeof COORDINATOR): void {
    this.#coordinators.delete(`${kind}:${id}`)
  }

  async refreshMetadata(): Promise<void> {
    try {
      await this.#cluster.refreshMetadata()
    } catch (error) {
      throw asKafkaError(error, 'refreshing metadata')
    }
  }

  async close(): Promise<void> {
    // Also after a connect that failed half way: open sockets keep the process alive.
    if (this.#closed) return
    this.#closed = true
    // kafkajs waits for open requests, a long poll for example; the process may not hang on them.
    await Promise.race([this.#cluster.disconnect(), new Promise((done) => setTimeout(done, 500).unref())])
  }
}

export function brokersIn(metadata: Metadata | null): number {
  const { brokers = [], topicMetadata = [] } = metadata ?? {}
  const replicas = topicMetadata.flatMap(({ partitionMetadata }) => partitionMetadata.flatMap((each) => each.replicas))
  return new Set([...brokers.map(({ nodeId }) => nodeId), ...replicas]).size
}
