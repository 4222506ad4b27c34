import type { Customer } from '../schemas/avro/customer.ts'
import { AppError, messageOf } from '../schemas/errors.ts'
import { customerKey, partitionOf } from '../schemas/partition.ts'
import { isTrusted, type TrustDeps } from './partition-trust.ts'

export interface FindDeps extends TrustDeps {
  readonly decodeCustomer: (value: Buffer) => Customer | Promise<Customer>
}

export interface FoundCustomers {
  /** In the order of the ids that were asked for, as are the other two. */
  readonly found: Customer[]
  readonly missing: string[]
  /** Their partitions are being rebuilt: nothing can be said of them. */
  readonly rebuilding: string[]
}

/** The newest records of some customers of a tenant. */
export async function findCustomers(deps: FindDeps, tenantId: string, ids: readonly string[]): Promise<FoundCustomers> {
  const answers = new Map<string, Customer | 'missing' | 'rebuilding'>()
  const byPartition = Map.groupBy(new Set(ids), (id) => partitionOfCustomer(deps, tenantId, id))
  await Promise.all(
    [...byPartition].map(async ([partition, mine]) => {
      const read = await deps.lookup.read(partition, tenantId, mine)
      const trusted = await isTrusted(deps, partition, read)
      await Promise.all(
        mine.map(async (id, i) => {
          const value = read.values[i] ?? null
          answers.set(id, !trusted ? 'rebuilding' : value === null ? 'missing' : await decode(deps, value))
        }),
      )
    }),
  )
  const result: FoundCustomers = { found: [], missing: [], rebuilding: [] }
  for (const [id, answer] of [...new Set(ids)].map((id) => [id, answers.get(id)!] as const)) {
    if (answer === 'missing' || answer === 'rebuilding') result[answer].push(id)
    else result.found.push(answer)
  }
  return result
}

/** The newest record of one customer. @throws AppError NOT_FOUND, REBUILDING */
export async function findCustomer(deps: FindDeps, tenantId: string, id: string): Promise<Customer> {
  const partition = partitionOfCustomer(deps, tenantId, id)
  const read = await deps.lookup.read(partition, tenantId, [id])
  if (!(await isTrusted(deps, partition, read))) {
    throw new AppError('REBUILDING', 'the partition of that customer is being rebuilt', {
      retryable: true,
      details: { partition, ...(read.progress === undefined ? {} : { progress: read.progress }) },
    })
  }
  const value = read.values[0] ?? null
  if (value === null) throw new AppError('NOT_FOUND', 'no customer of that id', { details: { field: 'id', id } })
  return decode(deps, value)
}

function partitionOfCustomer(deps: FindDeps, tenantId: string, id: string): number {
  return partitionOf(Buffer.from(customerKey(tenantId, id)), deps.partitions)
}

/** What workers wrote must be readable: if it isn't, that is no fault of the request. */
async function decode(deps: FindDeps, value: Buffer): Promise<Customer> {
  try {
    return await deps.decodeCustomer(value)
  } catch (error) {
    if (error instanceof AppError && error.retryable) throw error
    throw new AppError('STATE_UNREADABLE', `a stored customer: ${messageOf(error)}`, { cause: error })
  }
}
