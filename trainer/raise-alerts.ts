import type { RaisedAlert } from '../schemas/model-watch.ts'
import type { Measure } from './watch-model.ts'

/** An alert is cleared only below this share of its limit, so that it doesn't come and go. */
const CLEAR_SHARE = 0.8

/**
 * The alerts that hold now. One that was raised and that there isn't enough to judge by, as after a restart, stays.
 * @param before those of the same model version
 */
export function raiseAlerts(before: readonly RaisedAlert[], measures: readonly Measure[], now: number): RaisedAlert[] {
  const raised = new Map(before.map((each) => [each.name, each]))
  for (const { name, value, limit } of measures) {
    const known = raised.get(name)
    if (value > (known === undefined ? limit : CLEAR_SHARE * limit)) {
      raised.set(name, { name, value, limit, since: known?.since ?? now })
    } else raised.delete(name)
  }
  return [...raised.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
}
