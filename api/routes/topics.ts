import { type Static, Type } from 'typebox'
import { latencyQuantilesSchema } from '../../schemas/worker-report.ts'
import type { App } from '../app.ts'
import type { CustomerLookup } from '../customer-lookup.ts'
import { LOOKUP_ERRORS } from '../error-answer.ts'
import { topicsExample } from '../examples.ts'
import { freshReports, type Lag, lagsOf, ownersOf, unownedOf, worstOf } from '../installation-state.ts'

export interface TopicRouteDeps {
  readonly lookup: CustomerLookup
  readonly partitions: number
  readonly now: () => number
}

const lagSchema = Type.Object({
  partition: Type.Integer(),
  position: Type.Integer({ description: 'Offset of the next record to process.' }),
  end: Type.Integer({ description: 'Offset of the next record to be written.' }),
  lag: Type.Integer({ description: 'Records between the two.' }),
  workerId: Type.String(),
})
const topicsSchema = Type.Object(
  {
    topics: Type.Array(Type.Object({ topic: Type.String(), lag: Type.Integer(), partitions: Type.Array(lagSchema) })),
    latency: Type.Object(
      { ingestToScore: latencyQuantilesSchema, ingestToVisible: latencyQuantilesSchema },
      {
        description:
          'From the record’s arrival in Kafka to its committed score, and to the moment lookups show it; the worst worker of each.',
      },
    ),
    unowned: Type.Array(Type.Integer(), { description: 'Partitions that no live worker reports.' }),
    partial: Type.Boolean({ description: 'true: some partitions are unowned or being rebuilt.' }),
  },
  { examples: [topicsExample] },
)

/** How far the workers are behind, as they report it themselves every few seconds. */
export function topicsRoute(app: App, { lookup, partitions, now }: TopicRouteDeps): void {
  app.get(
    '/v1/topics',
    {
      schema: {
        tags: ['operations'],
        summary: 'Lag of each topic and partition, and end-to-end latency',
        querystring: Type.Object({}, { additionalProperties: false }),
        response: { 200: topicsSchema, ...LOOKUP_ERRORS },
      },
    },
    async (): Promise<Static<typeof topicsSchema>> => {
      const installation = await lookup.installation(partitions)
      const reports = freshReports(installation, now())
      const owners = ownersOf(reports)
      const unowned = unownedOf(owners, partitions)
      return {
        topics: [
          ...Map.groupBy(lagsOf(owners).concat(lagsOf(ownersOf(reports, 'aggregateTasks'))), (lag) => lag.topic),
        ].map(([topic, lags]) => topicOf(topic, lags)),
        latency: {
          ingestToScore: worstOf(reports.map((report) => report.latency.ingestToScore)),
          ingestToVisible: worstOf(reports.map((report) => report.latency.ingestToVisible)),
        },
        unowned,
        partial: unowned.length + installation.rebuilding.length > 0,
      }
    },
  )
}

function topicOf(topic: string, lags: readonly Lag[]): Static<typeof topicsSchema>['topics'][number] {
  return { topic, lag: lags.reduce((sum, { lag }) => sum + lag, 0), partitions: [...lags] }
}
