import { addingImplicitly } from './adding-implicitly.ts'
import type { KafkaClient } from './client.ts'
import { finalizedFeatures } from './finalized-features.ts'
import type { Broker } from './internals.ts'
import { addingFirst, type TransactionDialect } from './transaction-dialect.ts'

/** Of the feature transaction.version: from here on brokers add what is written to the transaction by themselves. */
const IMPLICIT_VERSION = 2

/**
 * The faster dialect of those that the brokers understand. Of several brokers each adds what it leads; those that come
 * while another's adding is being replicated wait for 20 ms and more (`add.partitions.to.txn.retry.backoff.ms`), longer
 * than the round trip that is saved: docs/decisions/0013.
 */
export async function chooseDialect(
  cluster: Pick<KafkaClient, 'brokers'>,
  coordinator: Broker,
): Promise<TransactionDialect> {
  if (cluster.brokers > 1) return addingFirst
  const features = await finalizedFeatures(coordinator)
  return (features.get('transaction.version') ?? 0) >= IMPLICIT_VERSION ? addingImplicitly : addingFirst
}
