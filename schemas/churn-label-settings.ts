import Type, { type Static } from 'typebox'

const DAY_MS = 86_400_000
const MAX_HORIZON_MS = 3_660 * DAY_MS
/** Bounds how many snapshots of one customer are open at a time. */
const MOST_OPEN = 36

/** Settings of the labels that churn gives itself. */
export const churnLabelSettings = {
  churnLabels: Type.Object(
    {
      horizonMs: Type.Integer({
        minimum: 1,
        maximum: MAX_HORIZON_MS,
        default: 90 * DAY_MS,
        description: 'A customer who buys nothing for so long (event time) has churned.',
      }),
      snapshotEveryMs: Type.Integer({
        minimum: 0,
        maximum: MAX_HORIZON_MS,
        default: 30 * DAY_MS,
        description: 'Least time between two snapshots of one customer that await such a label; 0: none are taken.',
      }),
    },
    {
      additionalProperties: false,
      default: {},
      description: 'How customers who bought become examples of churn where no outcome says what became of them.',
    },
  ),
} as const

const settingsOfChurnLabels = Type.Object(churnLabelSettings)

/** What the schema can't say. @returns the field that is wrong, or null */
export function wrongChurnLabelSetting({
  churnLabels: { horizonMs, snapshotEveryMs },
}: Static<typeof settingsOfChurnLabels>): { field: string; problem: string } | null {
  const field = 'churnLabels.snapshotEveryMs'
  if (snapshotEveryMs > horizonMs) return { field, problem: 'must not be more than horizonMs' }
  if (snapshotEveryMs !== 0 && snapshotEveryMs * MOST_OPEN < horizonMs) {
    return { field, problem: `must be 0 or at least a ${MOST_OPEN}th of horizonMs` }
  }
  return null
}
