import type { Models } from '../models/linear-model.ts'
import type { TenantSettings } from '../schemas/settings.ts'
import type { Thresholds } from '../schemas/thresholds.ts'

/** What is the same for all tenants' events between two batches. */
export interface Broadcast {
  settings(tenantId: string): TenantSettings
  models(tenantId: string): Models
  /** Null while the tenant's population isn't known. */
  thresholds(tenantId: string): Thresholds | null
  /** Counts up whenever the thresholds of any tenant change. */
  readonly thresholdsRevision: number
  /** By which the tenant's customers are scored, '' for the prior scorecards. */
  modelsVersion(tenantId: string): string
  /** Counts up whenever models of any tenant may change. */
  readonly modelsRevision: number
}
