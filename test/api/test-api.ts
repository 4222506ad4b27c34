import { type ApiDeps, buildApi } from '../../api/build.ts'
import type { CustomerLookup } from '../../api/customer-lookup.ts'
import { createExplain } from '../../api/explain.ts'
import { createRescorer } from '../../api/rescore.ts'
import { compileModel } from '../../models/linear-model.ts'
import { ModelCatalogue } from '../../models/model-catalogue.ts'
import { CHURN_PRIOR } from '../../models/priors/churn-prior.ts'
import { LEAD_PRIOR } from '../../models/priors/lead-prior.ts'
import { type Customer, customerSchema } from '../../schemas/avro/customer.ts'
import { AvroCodec } from '../../schemas/codec.ts'
import { AppError } from '../../schemas/errors.ts'
import { customerKey, partitionOf } from '../../schemas/partition.ts'
import { DEFAULT_SETTINGS } from '../../schemas/settings.ts'
import { createDriver } from '../driver.ts'
import { clvModel } from '../models/clv/build-clv-model.ts'
import { DAY, interaction, NOON, transaction } from '../processors/build-event.ts'
import { runningWorker, SETTLED, type ServingView, scores } from './serving-view.ts'

export const PARTITIONS = 4
export const NOW = NOON + 10 * DAY

const codec = new AvroCodec<Customer>(customerSchema, {
  async schemaById(id) {
    throw new AppError('SCHEMA_UNKNOWN', `no schema ${id}`)
  },
}).useId(7)

const models = { lead: compileModel(LEAD_PRIOR), churn: compileModel(CHURN_PRIOR) }

const undecodable = async (): Promise<never> => {
  throw new AppError('INTERNAL', 'there are no results')
}
/** Nobody has counted anything yet; results are tested on the real servers. */
const NO_RESULTS: Pick<ApiDeps, 'results' | 'decodeNps' | 'decodeCrossSell'> = {
  results: {
    windows: async () => ({ state: 'absent', windows: [] }),
    results: async () => ({ state: 'absent', values: [] }),
    pairs: async () => ({ state: 'absent', values: [], cursor: '0', count: 0 }),
    partners: async () => ({ state: 'absent', values: [] }),
  },
  decodeNps: undecodable,
  decodeCrossSell: undecodable,
}

export function testDeps(view: ServingView, changes: Partial<ApiDeps> = {}): ApiDeps {
  return {
    lookup: view.lookup,
    decodeCustomer: (value) => codec.decodeLoading(value),
    ...NO_RESULTS,
    rescorer: createRescorer({ modelsOf: () => models, settingsOf: () => DEFAULT_SETTINGS, clvOf: () => clvModel() }),
    settingsOf: () => DEFAULT_SETTINGS,
    explain: createExplain({ modelsOf: () => models, settingsOf: () => DEFAULT_SETTINGS }),
    models: { catalogue: new ModelCatalogue(), requests: new Map(), watches: new Map(), publish: async () => {} },
    keys: null,
    partitions: PARTITIONS,
    now: () => NOW,
    version: '0.1.0-test',
    ...changes,
  }
}

/** A lookup in whatever view is the present one: an app takes longer to build than a view. */
export function lookupOf(view: () => ServingView): CustomerLookup {
  return {
    read: (...args) => view().lookup.read(...args),
    top: (...args) => view().lookup.top(...args),
    installation: (...args) => view().lookup.installation(...args),
  }
}

export const testApi = (view: ServingView, changes: Partial<ApiDeps> = {}) => buildApi(testDeps(view, changes))

/** An installation that is set up and whose partitions all run. */
export async function settle(view: ServingView, at = NOW): Promise<void> {
  await view.setUp(PARTITIONS)
  await view.report('w-1', runningWorker(PARTITIONS, at, 3))
  for (let partition = 0; partition < PARTITIONS; partition++) await view.position(partition, SETTLED)
}

/** The record of a customer who looked around, asked for a demo and bought `purchases` times, as a worker writes it. */
export function scored(customerId: string, tenantId = 'default', purchases = 1): Customer {
  const driver = createDriver({ now: NOW })
  const who = { tenantId, customerId }
  driver.pipe('interactions', interaction({ ...who, occurredAt: NOON - 2 * DAY }))
  for (let i = 0; i < purchases; i++) driver.pipe('transactions', transaction({ ...who, occurredAt: NOON - DAY + i }))
  driver.pipe('interactions', interaction({ ...who, type: 'demo_request', occurredAt: NOON }))
  return driver.read('customers').at(-1)!
}

/** Puts records where lookups expect them. */
export async function store(view: ServingView, ...customers: Customer[]): Promise<void> {
  for (const customer of customers) {
    const { tenantId, customerId, lead, churn, asOf } = customer
    const value = codec.encode(customer)
    const entry = { tenantId, customerId, value, scores: scores(lead.probability, churn.risk, asOf) }
    await view.put(homeOf(customerId, tenantId), [entry])
  }
}

/** The partition of a customer. */
export function homeOf(customerId: string, tenantId = 'default'): number {
  return partitionOf(Buffer.from(customerKey(tenantId, customerId)), PARTITIONS)
}
