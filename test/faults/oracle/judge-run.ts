import { CHURN_PRIOR } from '../../../models/priors/churn-prior.ts'
import { LEAD_PRIOR } from '../../../models/priors/lead-prior.ts'
import type { LinearModel } from '../../../schemas/model.ts'
import { addCounts, type WindowCounts } from './counted-windows.ts'
import type { LogRecord } from './evidence.ts'
import { FINDING_KINDS, type Finding, type FindingKind } from './findings.ts'
import { judgePartition, type PartitionJudgement } from './judge-partition.ts'
import { judgeResults } from './judge-results.ts'
import { ModelBook } from './model-book.ts'
import { EvidenceReader, type EvidenceSource } from './read-evidence.ts'
import { SchemaBook } from './schema-book.ts'
import { SettingsBook } from './settings-book.ts'
import { ThresholdsBook } from './thresholds-book.ts'

export type RunFigures = Readonly<
  Omit<PartitionJudgement, 'findings' | 'counts'> & Record<FindingKind, number> & { readonly results: number }
>

export interface RunJudgement {
  readonly figures: RunFigures
  readonly findings: readonly Finding[]
}

/** Judges all that a run has left, partition after partition, so that no more than one of them is held in memory. */
export async function judgeRun(
  source: EvidenceSource,
  schemaById: (id: number) => Promise<unknown>,
): Promise<RunJudgement> {
  const reader = new EvidenceReader(source)
  try {
    const reference = {
      schemas: new SchemaBook(schemaById),
      settings: new SettingsBook(await reader.readTopic('settings', 0)),
      thresholds: new ThresholdsBook(await reader.readTopic('thresholds', 0)),
      models: new ModelBook([LEAD_PRIOR, CHURN_PRIOR, ...publishedModels(await reader.readTopic('models', 0))]),
    }
    const all: PartitionJudgement[] = []
    for (let partition = 0; partition < source.partitions; partition++) {
      const evidence = await reader.readPartition(partition)
      const { inputs, customers, changes, populationDeltas } = evidence
      await reference.schemas.prepare([...Object.values(inputs).flat(), ...customers, ...changes, ...populationDeltas])
      all.push(judgePartition(evidence, reference))
    }
    const results = await reader.readResults()
    await reference.schemas.prepare([...results.nps, ...results.crossSell, ...results.populationDeltas])
    const counts: WindowCounts = { least: new Map(), most: new Map() }
    for (const each of all) addCounts(counts, each.counts)
    const findings: Finding[] = []
    judgeResults(results, counts, reference, (kind, text) => findings.push({ kind, text }))
    return summed(all, findings, results.nps.length + results.crossSell.length)
  } finally {
    await reader.close()
  }
}

function publishedModels(records: readonly LogRecord[]): LinearModel[] {
  return records.flatMap(({ value }) => (value === null ? [] : [JSON.parse(value.toString()) as LinearModel]))
}

function summed(all: readonly PartitionJudgement[], ofResults: readonly Finding[], results: number): RunJudgement {
  const findings = [...all.flatMap((each) => each.findings), ...ofResults]
  const sum = (name: keyof Omit<PartitionJudgement, 'findings' | 'counts'>): number =>
    all.reduce((total, each) => total + each[name], 0)
  const kinds = Object.keys(FINDING_KINDS) as FindingKind[]
  const counts = kinds.map((kind) => [kind, findings.filter((each) => each.kind === kind).length])
  return {
    findings,
    figures: {
      events: sum('events'),
      scored: sum('scored'),
      erasures: sum('erasures'),
      otherCauses: sum('otherCauses'),
      timers: sum('timers'),
      late: sum('late'),
      results,
      duplicates: sum('duplicates'),
      deadLetters: sum('deadLetters'),
      changes: sum('changes'),
      customers: sum('customers'),
      // A count for each kind, also for those of which there is none.
      ...(Object.fromEntries(counts) as Record<FindingKind, number>),
    },
  }
}
