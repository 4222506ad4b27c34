/** What was done to a run, by name. */
export const FAULTS = [
  'kills',
  'zombies',
  'leaves',
  'joins',
  'brokerRestarts',
  'brokerKills',
  'redisKills',
  'flushalls',
  'redisEmptied',
  'redisSnapshots',
  'registryOutages',
  'poisonFills',
  'settingsChanges',
  'oversized',
] as const
export type FaultName = (typeof FAULTS)[number]
export type Tally = Record<FaultName, number>

export function newTally(): Tally {
  return Object.fromEntries(FAULTS.map((name) => [name, 0])) as Tally
}
