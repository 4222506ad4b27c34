import type { ModelKind } from '../../schemas/model.ts'
import { parseModel } from '../../schemas/model.ts'
import { parseServedModel, servedKey, versionKey } from '../../schemas/served-model.ts'
import type { ResultLogs } from './result-logs.ts'
import type { Scorecard, Scorecards } from './scorecard.ts'

/** What has served a tenant of one kind, oldest first: the prior scorecard and each version that was promoted. */
export type Served = Readonly<Record<ModelKind, readonly Scorecard[]>>

/** As the topic `models` tells. @throws AppError INPUT_INVALID when a record there is none */
export async function readServed(logs: ResultLogs, tenantId: string, priors: Scorecards): Promise<Served> {
  const values = new Map<string, unknown>()
  for (const { key, value } of await logs.read('models', 0)) {
    if (key !== null && value !== null) values.set(key.toString(), JSON.parse(value.toString()))
  }
  const promoted = (kind: ModelKind): Scorecard[] => {
    const record = values.get(servedKey(tenantId, kind))
    if (record === undefined) return []
    return parseServedModel(record)
      .decisions.filter((decision) => decision.promoted)
      .map(({ version }) => parseModel(values.get(versionKey(tenantId, kind, version))))
      .reverse()
  }
  return { lead: [priors.lead, ...promoted('lead')], churn: [priors.churn, ...promoted('churn')] }
}

/** Those that serve now. */
export function servingOf({ lead, churn }: Served): Scorecards {
  return { lead: lead.at(-1)!, churn: churn.at(-1)! }
}
