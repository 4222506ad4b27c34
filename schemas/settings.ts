import Type, { type Static } from 'typebox'
import Value from 'typebox/value'
import { churnLabelSettings, wrongChurnLabelSetting } from './churn-label-settings.ts'
import { AppError } from './errors.ts'
import { populationSettings } from './population-settings.ts'
import { watchSettings } from './watch-settings.ts'
import { windowSettings, wrongWindowSetting } from './window-settings.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
/** The last instant that ECMAScript's dates know. */
const MAX_TIME_MS = 8_640_000_000_000_000

const whole = (value: number, minimum: number, maximum: number, description?: string) =>
  Type.Integer({ minimum, maximum, default: value, ...(description === undefined ? {} : { description }) })
const share = (value: number, maximum: number) => Type.Number({ minimum: 0, maximum, default: value })
const edge = () => Type.Number({ exclusiveMinimum: 0, exclusiveMaximum: 1 })
const group = (description: string) => ({ additionalProperties: false, default: {}, description })

/** Settings of one tenant: a JSON record of the topic `settings`, key <tenantId>. What is left out has its default. */
export const tenantSettingsSchema = Type.Object(
  {
    version: whole(1, 0, 2 ** 31 - 1, 'Named in every result; 0 is the built-in defaults.'),
    currency: Type.Union([Type.String({ pattern: '^[A-Z]{3}$' }), Type.Null()], {
      default: null,
      description: "Reporting currency, ISO 4217; null: that of each customer's earliest purchase or refund.",
    }),
    clock: Type.Enum(['wall', 'event'], {
      default: 'wall',
      description: 'What makes time pass for customers without events: the clock on the wall or the stream time.',
    }),
    reasons: whole(3, 0, 20, 'How many reasons a score carries at most.'),
    thresholds: Type.Object(
      {
        lead: Type.Tuple([edge(), edge(), edge(), edge()], {
          default: [0.25, 0.4, 0.6, 0.75],
          description: 'Lowest probability of the grades D, C, B and A, ascending; below is F.',
        }),
        churn: Type.Tuple([edge(), edge()], {
          default: [0.25, 0.6],
          description: 'Lowest risk of the bands Medium and High, ascending; below is Low.',
        }),
        tier: Type.Tuple([edge(), edge(), edge(), edge()], {
          default: [0.3, 0.5, 0.7, 0.85],
          description: 'Lowest loyalty score of Bronze, Silver, Gold and Platinum, ascending; below is At-Risk.',
        }),
      },
      group('Edges of the lead grades, churn bands and loyalty tiers.'),
    ),
    margins: Type.Object(
      { lead: share(0.02, 0.25), churn: share(0.02, 0.25), tier: share(0.02, 0.25) },
      group('How far past an edge a probability or loyalty score must go before its grade, band or tier moves.'),
    ),
    minIntervalMs: Type.Object(
      { lead: whole(0, 0, MAX_TIME_MS), churn: whole(0, 0, MAX_TIME_MS) },
      group('Least event time between two moves of a grade or band.'),
    ),
    sessionGapMs: whole(30 * MINUTE_MS, 1, MAX_TIME_MS, 'An interaction after a longer pause opens a new session.'),
    maxAheadMs: whole(
      HOUR_MS,
      0,
      MAX_TIME_MS,
      "An event further ahead of the worker's clock than this is a dead letter.",
    ),
    minOccurredAt: whole(0, 0, MAX_TIME_MS, 'An event older than this (epoch ms) is a dead letter.'),
    limits: Type.Object(
      {
        traits: whole(64, 0, 10_000, 'Traits of one customer.'),
        traitNameBytes: whole(128, 1, 65_536),
        traitValueBytes: whole(1024, 0, 1_048_576),
        currencies: whole(8, 1, 200, 'Currencies in which one customer paid.'),
      },
      group('What bounds the state of a customer; the event that would pass a limit is a dead letter.'),
    ),
    ...windowSettings,
    ...populationSettings,
    ...watchSettings,
    ...churnLabelSettings,
  },
  { additionalProperties: false },
)

type DeepReadonly<T> = T extends object ? { readonly [K in keyof T]: DeepReadonly<T[K]> } : T
export type TenantSettings = DeepReadonly<Static<typeof tenantSettingsSchema>>

/** What a tenant without settings of its own has: version 0. */
export const DEFAULT_SETTINGS: TenantSettings = parseSettings({ version: 0 })

/**
 * The settings that a JSON value stands for, defaults filled in and frozen. Keys that aren't known are refused.
 * @throws AppError CONFIG_INVALID; details.field is the path of the first field that is wrong, such as `margins.lead`
 */
export function parseSettings(json: unknown): TenantSettings {
  const settings = Value.Default(tenantSettingsSchema, structuredClone(json))
  if (!Value.Check(tenantSettingsSchema, settings)) throw refusal(firstError(settings))
  for (const kind of ['lead', 'churn', 'tier'] as const) {
    const edges: readonly number[] = settings.thresholds[kind]
    if (edges.some((value, i) => i > 0 && value <= edges[i - 1]!)) {
      throw refusal({ field: `thresholds.${kind}`, problem: 'must ascend' })
    }
  }
  if (Object.values(settings.population.loyaltyWeights).every((weight) => weight === 0)) {
    throw refusal({ field: 'population.loyaltyWeights', problem: 'must not all be 0' })
  }
  const wrong = wrongWindowSetting(settings) ?? wrongChurnLabelSetting(settings)
  if (wrong !== null) throw refusal(wrong)
  return deepFreeze(settings)
}

function refusal({ field, problem }: { field: string; problem: string }): AppError {
  return new AppError('CONFIG_INVALID', `tenant settings: ${field || 'the value'} ${problem}`, { details: { field } })
}

function firstError(value: unknown): { field: string; problem: string } {
  const errors = Value.Errors(tenantSettingsSchema, value)
  // A key that isn't known is reported twice, first as "schema is false", which tells nobody anything.
  const error = errors.find((each) => each.keyword !== 'boolean') ?? errors[0]
  const path = error?.instancePath.split('/').slice(1) ?? []
  if (error?.keyword === 'additionalProperties') path.push(error.params.additionalProperties[0] ?? '')
  const problem = error?.keyword === 'additionalProperties' ? 'is not a setting' : error?.message
  return { field: path.join('.'), problem: problem ?? 'is refused' }
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const child of Object.values(value)) deepFreeze(child)
    Object.freeze(value)
  }
  return value
}
