import { CHURN_PRIOR } from '../../../models/priors/churn-prior.ts'
import { LEAD_PRIOR } from '../../../models/priors/lead-prior.ts'
import type { Thresholds } from '../../../schemas/thresholds.ts'
import type { PartitionEvidence } from './evidence.ts'
import { schemaOf } from './evidence-codecs.ts'
import type { Reference } from './judge-partition.ts'
import { ModelBook } from './model-book.ts'
import { SchemaBook } from './schema-book.ts'
import { SettingsBook } from './settings-book.ts'
import { ThresholdsBook } from './thresholds-book.ts'

/** What is in force from the start of a run to its end. */
export interface Published {
  /** By tenant. */
  readonly settings?: Readonly<Record<string, object>>
  /** Of both tenants; null: their populations aren't known. */
  readonly thresholds?: Thresholds | null
}

export async function makeReference(
  evidence: PartitionEvidence,
  { settings = {}, thresholds = null }: Published = {},
): Promise<Reference> {
  const schemas = new SchemaBook(schemaOf)
  const all = [
    ...Object.values(evidence.inputs).flat(),
    ...evidence.customers,
    ...evidence.changes,
    ...evidence.populationDeltas,
  ]
  await schemas.prepare(all)
  return {
    schemas,
    settings: new SettingsBook(recordsOf(settings)),
    thresholds: new ThresholdsBook(thresholds === null ? [] : recordsOf({ acme: thresholds, bolt: thresholds })),
    models: new ModelBook([LEAD_PRIOR, CHURN_PRIOR]),
  }
}

function recordsOf(values: object): { readonly key: Buffer; readonly value: Buffer }[] {
  return Object.entries(values).map(([tenant, value]) => ({
    key: Buffer.from(tenant),
    value: Buffer.from(JSON.stringify(value)),
  }))
}
