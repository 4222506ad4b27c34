import type { PartitionEvidence } from './evidence.ts'

/** Evidence whose lists a test may spoil. */
export type Evidence = { -readonly [K in keyof PartitionEvidence]: Spoilable<PartitionEvidence[K]> }
type Spoilable<T> = T extends readonly (infer E)[]
  ? E[]
  : T extends ReadonlyMap<infer K, infer V>
    ? Map<K, Spoilable<V>>
    : T extends Buffer | number | string | boolean | null
      ? T
      : { -readonly [K in keyof T]: Spoilable<T[K]> }

/** A copy whose lists and maps may be changed. */
export function copyOf({ inputs, view, ...evidence }: Evidence): Evidence {
  const lists = Object.entries(inputs).map(([topic, records]) => [topic, [...records]])
  return {
    ...evidence,
    // The same topics as before.
    inputs: Object.fromEntries(lists) as Evidence['inputs'],
    inputEnds: { ...evidence.inputEnds },
    customers: [...evidence.customers],
    changes: [...evidence.changes],
    deadLetters: [...evidence.deadLetters],
    populationDeltas: [...evidence.populationDeltas],
    view: {
      ...view,
      customers: new Map(view.customers),
      tenants: [...view.tenants],
      streamTimes: new Map(view.streamTimes),
      tops: new Map([...view.tops].map(([name, scores]) => [name, new Map(scores)])),
    },
  }
}
