import type { CustomerLookup, PartitionView } from './customer-lookup.ts'
import { freshReports, ownersOf, type TaskKind } from './installation-state.ts'

export interface TrustDeps {
  readonly lookup: CustomerLookup
  readonly partitions: number
  readonly now: () => number
}

/** Whether what was read from a partition is what is true, and "not there" therefore "no such customer". */
export async function isTrusted(
  deps: TrustDeps,
  partition: number,
  view: PartitionView,
  kind: TaskKind = 'tasks',
): Promise<boolean> {
  if (view.state !== 'unproven') return view.state === 'settled'
  // Right after a rebuild nothing in the view itself says that it is whole, but its owner does.
  const installation = await deps.lookup.installation(deps.partitions)
  return ownersOf(freshReports(installation, deps.now()), kind).get(partition)?.task.state === 'running'
}
