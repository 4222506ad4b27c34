import { type Static, Type } from 'typebox'
import { npsSchema } from '../../schemas/avro/nps.ts'
import { AppError } from '../../schemas/errors.ts'
import { jsonSchemaOf } from '../../schemas/json-schema.ts'
import type { App } from '../app.ts'
import { LOOKUP_ERRORS } from '../error-answer.ts'
import { npsExample } from '../examples.ts'
import { findWindows, mustBeTrusted, type ResultDeps, scopeOf, windowSizeOf } from '../find-results.ts'

/** Windows in one answer. */
const WINDOWS_MAX = 1_000
const TIME_MAX = 8_640_000_000_000_000

const time = (description: string) => Type.Optional(Type.Integer({ minimum: 0, maximum: TIME_MAX, description }))
const npsQuery = Type.Object(
  {
    window: Type.String({
      default: 'ever',
      description: 'Size of the windows as the settings have it, such as 1d or 7d; ever: all answers.',
      examples: ['7d'],
    }),
    from: time('Windows that begin then or later, epoch ms.'),
    to: time('Windows that begin before, epoch ms.'),
    group: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 2_048,
        description: 'A survey attribute, plan, for all its values, or one value, plan=pro; without: all answers.',
        examples: ['plan=pro'],
      }),
    ),
  },
  { additionalProperties: false },
)
const npsAnswer = Type.Object(
  {
    window: Type.String(),
    items: Type.Array(jsonSchemaOf(npsSchema), { description: 'By start of the window, then by group.' }),
    truncated: Type.Boolean({ description: `true: only the first ${WINDOWS_MAX} windows are here; ask on with from.` }),
  },
  { examples: [npsExample] },
)

/** Net promoter score by window and group. */
export function npsRoute(app: App, deps: ResultDeps): void {
  app.get(
    '/v1/nps',
    {
      schema: {
        tags: ['results'],
        summary: 'Net promoter score in windows of event time, of all answers or by group',
        description:
          'The newest result of each window: `final` says whether it is closed, `revision` how often it was corrected since.',
        querystring: npsQuery,
        response: { 200: npsAnswer, ...LOOKUP_ERRORS },
      },
    },
    async (request): Promise<Static<typeof npsAnswer>> => {
      const { window, from: first = 0, to: last = TIME_MAX, group } = request.query
      if (last <= first) {
        throw new AppError('INPUT_INVALID', 'to must be after from', { details: { field: 'to', in: 'query' } })
      }
      const of = scopeOf(deps, request.tenantId, 'NPS')
      const windows = await findWindows(deps, of, { size: windowSizeOf(window), first, last })
      const found = await deps.results.results(of, windows.slice(0, WINDOWS_MAX), groupIds(group))
      const { values } = await mustBeTrusted(deps, of, found)
      const items = await Promise.all(values.map(deps.decodeNps))
      const wanted = items.filter(({ groupKey }) => group === undefined || groupKey === group.split('=')[0])
      wanted.sort((a, b) => a.windowStart - b.windowStart || ((a.groupValue ?? '') < (b.groupValue ?? '') ? -1 : 1))
      return { window, items: wanted, truncated: windows.length > WINDOWS_MAX }
    },
  )
}

/** The id of one group in the keys of results; null: all values of an attribute. */
function groupIds(group: string | undefined): string[] | null {
  if (group === undefined) return ['']
  const equals = group.indexOf('=')
  if (equals < 0) return null
  return [`${encodeURIComponent(group.slice(0, equals))}=${encodeURIComponent(group.slice(equals + 1))}`]
}
