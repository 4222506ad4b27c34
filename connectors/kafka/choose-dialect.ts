import { addingImplicitly } from './adding-implicitly.ts'
import { finalizedFeatures } from './finalized-features.ts'
import type { Broker } from './internals.ts'
import { addingFirst, type TransactionDialect } from './transaction-dialect.ts'

/** Of the feature transaction.version: from here on brokers add what is written to the transaction by themselves. */
const IMPLICIT_VERSION = 2

/** The dialect with the fewest round trips that the brokers understand: a feature's level holds for all of them. */
export async function chooseDialect(broker: Broker, timeoutMs: number): Promise<TransactionDialect> {
  const features = await finalizedFeatures(broker, timeoutMs)
  return (features.get('transaction.version') ?? 0) >= IMPLICIT_VERSION ? addingImplicitly : addingFirst
}
