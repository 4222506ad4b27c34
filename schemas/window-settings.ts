import Type, { type Static } from 'typebox'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const YEAR_MS = 366 * DAY_MS
/** An event falls into at most so many hopping windows of one size. */
export const MAX_WINDOWS_PER_HOP = 64

const whole = (value: number, minimum: number, maximum: number, description?: string) =>
  Type.Integer({ minimum, maximum, default: value, ...(description === undefined ? {} : { description }) })
const group = (description: string) => ({ additionalProperties: false, default: {}, description })
const sizes = (defaults: readonly number[]) =>
  Type.Array(Type.Integer({ minimum: 1000, maximum: YEAR_MS }), {
    default: [...defaults],
    maxItems: 4,
    description: 'Sizes of the windows that follow one another.',
  })
const hopping = (defaults: readonly { sizeMs: number; hopMs: number }[]) =>
  Type.Array(
    Type.Object(
      {
        sizeMs: Type.Integer({ minimum: 1000, maximum: YEAR_MS }),
        hopMs: Type.Integer({ minimum: 1000, maximum: YEAR_MS }),
      },
      { additionalProperties: false },
    ),
    {
      default: [...defaults],
      maxItems: 4,
      description: `Windows of sizeMs that begin every hopMs and overlap; sizeMs is at most ${MAX_WINDOWS_PER_HOP} times hopMs.`,
    },
  )

/** Settings of event-time windows; part of a tenant's settings. */
export const windowSettings = {
  windows: Type.Object(
    {
      graceMs: whole(DAY_MS, 0, YEAR_MS, 'A window still takes events until the stream time is so far past its end.'),
      idleMs: whole(
        60_000,
        1000,
        DAY_MS,
        "A partition that adds nothing for so long doesn't hold a window open: the wall clock counts for it.",
      ),
      keptMs: whole(DAY_MS, 0, YEAR_MS, 'How long a closed window can still be corrected (wall clock).'),
      resultsKeptMs: whole(
        YEAR_MS,
        0,
        10 * YEAR_MS,
        'How long results of a closed window are kept (wall clock, from its closing; keptMs at least), then they are taken out of topics and views. Since-ever results stay.',
      ),
      emitIntervalMs: whole(1000, 0, HOUR_MS, 'Least time between two updates of the same result.'),
      offsetMs: whole(
        0,
        0,
        YEAR_MS,
        'Windows begin at multiples of their size (UTC) plus this; 345600000: weeks begin on Monday.',
      ),
    },
    group('Event-time windows of NPS and cross-sell.'),
  ),
  nps: Type.Object(
    {
      tumblingMs: sizes([DAY_MS]),
      hopping: hopping([{ sizeMs: 7 * DAY_MS, hopMs: DAY_MS }]),
      groupBy: Type.Array(Type.String({ minLength: 1, maxLength: 128 }), {
        default: ['region', 'plan', 'channel'],
        maxItems: 16,
        uniqueItems: true,
        description: 'Survey attributes by which answers are grouped as well.',
      }),
      maxGroups: whole(1000, 1, 100_000, 'Values of one attribute in a window; further ones count as `(other)`.'),
      groupValueBytes: whole(128, 1, 1024, 'A longer value is not grouped by: the event is a dead letter, and counts.'),
      surveyAttribute: Type.String({
        default: 'survey',
        minLength: 1,
        maxLength: 128,
        description: 'The attribute that tells one survey from another; answers without it are one survey.',
      }),
      replaceAnswers: Type.Boolean({
        default: true,
        description: "Within a window, a customer's newest answer to a survey replaces his earlier ones.",
      }),
      replaceAnswersOf: Type.Record(Type.String(), Type.Boolean(), {
        default: {},
        description: 'The same for single surveys, by their name.',
      }),
      maxAnswers: whole(
        256,
        1,
        4096,
        'Answers of one customer that open windows may hold; the oldest stay as they are.',
      ),
      bands: Type.Array(
        Type.Object(
          { from: Type.Number({ minimum: -100, maximum: 100 }), name: Type.String({ minLength: 1, maxLength: 64 }) },
          { additionalProperties: false },
        ),
        {
          default: [
            { from: 70, name: 'excellent' },
            { from: 50, name: 'great' },
            { from: 30, name: 'good' },
            { from: 0, name: 'needs work' },
            { from: -100, name: 'critical' },
          ],
          minItems: 1,
          maxItems: 16,
          description: 'Lowest NPS and name of each band, descending; the last begins at -100.',
        },
      ),
    },
    group('Net promoter score.'),
  ),
  crossSell: Type.Object(
    {
      tumblingMs: sizes([7 * DAY_MS]),
      hopping: hopping([]),
      maxItems: whole(10_000, 16, 1_000_000, 'Items (categories) counted in one window; beyond, counts have an error.'),
      maxPairs: whole(50_000, 16, 10_000_000, 'Pairs counted in one window; beyond, counts have an error.'),
      maxOrderItems: whole(1000, 1, 2000, 'Different items of an order; one with more is not counted: a dead letter.'),
      minOrders: whole(1, 1, 1_000_000, 'A pair is sent from so many orders on.'),
      minShare: Type.Number({
        default: 0.001,
        minimum: 0,
        maximum: 1,
        description:
          'A pair is sent when it is in so large a share of the orders of its window. 0: minOrders alone counts.',
      }),
      refreshMs: whole(
        60_000,
        1000,
        DAY_MS,
        'Pairs whose own orders did not change are sent again after so long when the totals did.',
      ),
      orders: whole(5, 0, 100, 'Orders of a customer that are kept, so that refunds can take them back.'),
      orderBytes: whole(32_768, 0, 262_144, 'What they may take up of his state; the oldest go first.'),
    },
    group('Items and categories that are bought together.'),
  ),
} as const

const settingsOfWindows = Type.Object(windowSettings)
type WindowSettings = Static<typeof settingsOfWindows>

/** What the schema can't say. @returns the first field that is wrong, or null */
export function wrongWindowSetting(settings: WindowSettings): { field: string; problem: string } | null {
  for (const kind of ['nps', 'crossSell'] as const) {
    for (const [i, { sizeMs, hopMs }] of settings[kind].hopping.entries()) {
      const field = `${kind}.hopping.${i}.hopMs`
      if (hopMs > sizeMs) return { field, problem: 'must not be more than sizeMs' }
      if (sizeMs > hopMs * MAX_WINDOWS_PER_HOP) {
        return { field, problem: `must be at least a ${MAX_WINDOWS_PER_HOP}th of sizeMs` }
      }
    }
  }
  const { bands } = settings.nps
  if (bands.some(({ from }, i) => i > 0 && from >= bands[i - 1]!.from)) {
    return { field: 'nps.bands', problem: 'must descend' }
  }
  if (bands.at(-1)!.from !== -100) return { field: 'nps.bands', problem: 'must end with a band from -100' }
  return null
}
