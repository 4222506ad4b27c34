import { type Static, Type } from 'typebox'
import type { Installation } from './customer-lookup.ts'
import { freshReports, ownersOf } from './installation-state.ts'

export const refreshSchema = Type.Object(
  {
    partitions: Type.Integer({ description: 'In which stored scores still wait to be made anew; 0: none.' }),
    looked: Type.Integer({ description: 'Customers of these that were looked at.' }),
    of: Type.Integer({ description: 'Customers of those of these partitions that were begun.' }),
  },
  { description: 'Stored scores after a model or thresholds changed, as workers reported it some seconds ago.' },
)

export function refreshOf(installation: Installation, tenantId: string, now: number): Static<typeof refreshSchema> {
  const refresh = { partitions: 0, looked: 0, of: 0 }
  for (const { task } of ownersOf(freshReports(installation, now)).values()) {
    const mine = task.refreshes?.find((each) => each.tenantId === tenantId)
    if (mine === undefined) continue
    refresh.partitions++
    refresh.looked += mine.looked
    refresh.of += mine.of ?? 0
  }
  return refresh
}
