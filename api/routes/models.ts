import { randomUUID } from 'node:crypto'
import { type Static, Type } from 'typebox'
import { AppError } from '../../schemas/errors.ts'
import { type LinearModel, type ModelKind, modelMetricsSchema, modelTrainingSchema } from '../../schemas/model.ts'
import { modelWatchSchema } from '../../schemas/model-watch.ts'
import { decisionSchema, MODEL_KINDS, pinKey, pinSchema, servedKey, shadowSchema } from '../../schemas/served-model.ts'
import { type TrainingRequest, trainingRequestSchema } from '../../schemas/training-request.ts'
import type { App } from '../app.ts'
import type { CustomerLookup } from '../customer-lookup.ts'
import { LOOKUP_ERRORS, NOT_FOUND_ERROR } from '../error-answer.ts'
import type { ModelDesk } from '../model-desk.ts'
import { modelsExample, trainingExample } from '../model-examples.ts'
import { refreshOf, refreshSchema } from '../refresh-progress.ts'

export interface ModelRouteDeps {
  readonly models: ModelDesk
  readonly lookup: CustomerLookup
  readonly partitions: number
  readonly now: () => number
}

const byKind = Type.Object({ kind: Type.Enum(MODEL_KINDS, { description: 'Which model.' }) })
const nothing = Type.Object({}, { additionalProperties: false })
const tags = ['models']

const modelSchema = Type.Object({
  kind: Type.Enum(MODEL_KINDS),
  modelVersion: Type.String({ description: 'That scores now.' }),
  pin: Type.Union([pinSchema, Type.Null()], { description: 'A version that people chose; null: the trainer chooses.' }),
  decisions: Type.Array(decisionSchema, { description: 'Trainings, newest first, and why each was promoted or not.' }),
  shadow: Type.Union([shadowSchema, Type.Null()], { description: 'Scored beside it; `watch.shadow` compares.' }),
  watch: Type.Union([modelWatchSchema, Type.Null()], {
    description: 'Drift, calibration, latency, alerts and the shadow, as the trainer saw it last.',
  }),
  versions: Type.Array(
    Type.Object({
      version: Type.String(),
      metrics: Type.Union([modelMetricsSchema, Type.Null()], { description: 'On examples it has not learned from.' }),
      training: Type.Union([modelTrainingSchema, Type.Null()]),
    }),
    { description: 'That were served ever, for pinning and rolling back.' },
  ),
})
const modelsSchema = Type.Object(
  {
    models: Type.Array(modelSchema),
    refresh: Type.Union([refreshSchema, Type.Null()], { description: 'null: Redis does not answer.' }),
  },
  { examples: [modelsExample] },
)

/** Which models score a tenant, their trainings, and pins. */
export function modelRoutes(app: App, { models: desk, lookup, partitions, now }: ModelRouteDeps): void {
  const { catalogue } = desk
  app.get(
    '/v1/models',
    {
      schema: {
        tags,
        summary: 'The models that score, their figures, and why they were promoted',
        querystring: nothing,
        response: { 200: modelsSchema, ...LOOKUP_ERRORS },
      },
    },
    async ({ tenantId }): Promise<Static<typeof modelsSchema>> => {
      // Of the models Kafka tells, whether Redis answers or not.
      const installation = await lookup.installation(partitions).catch(() => null)
      return {
        models: MODEL_KINDS.map((kind) => modelOf(desk, tenantId, kind)),
        refresh: installation && refreshOf(installation, tenantId, now()),
      }
    },
  )
  app.get(
    '/v1/models/:kind/train',
    {
      schema: {
        tags,
        summary: 'How far the last training is',
        params: byKind,
        querystring: nothing,
        response: {
          200: Type.Object(trainingRequestSchema.properties, { examples: [trainingExample] }),
          ...LOOKUP_ERRORS,
          ...NOT_FOUND_ERROR,
        },
      },
    },
    async ({ tenantId, params }) => {
      const request = desk.requests.get(servedKey(tenantId, params.kind))
      if (request === undefined) throw new AppError('NOT_FOUND', 'no training was asked for or made yet')
      return request
    },
  )
  app.post(
    '/v1/models/:kind/train',
    {
      schema: {
        tags,
        summary: 'Asks the trainer to train now',
        params: byKind,
        querystring: nothing,
        response: { 202: trainingRequestSchema, ...LOOKUP_ERRORS },
      },
    },
    async ({ tenantId, params }, reply) => {
      const request: TrainingRequest = {
        requestId: randomUUID(),
        state: 'requested',
        progress: 0,
        reasons: [],
        version: null,
        at: now(),
      }
      await desk.publish('training-requests', servedKey(tenantId, params.kind), request)
      return await reply.code(202).send(request)
    },
  )
  app.get(
    '/v1/models/:kind/pin',
    {
      schema: {
        tags,
        summary: 'The version that people chose',
        params: byKind,
        querystring: nothing,
        response: {
          200: Type.Object(pinSchema.properties, { examples: [{ version: 'lead-prior-1', at: 1_772_330_400_000 }] }),
          ...LOOKUP_ERRORS,
          ...NOT_FOUND_ERROR,
        },
      },
    },
    async ({ tenantId, params }) => {
      const pin = catalogue.pin(tenantId, params.kind)
      if (pin === null) throw new AppError('NOT_FOUND', 'no version is pinned')
      return pin
    },
  )
  app.put(
    '/v1/models/:kind/pin',
    {
      schema: {
        tags,
        summary: 'Lets one version score, whatever the trainer finds: pins it or rolls back to it',
        params: byKind,
        body: Type.Object({ version: pinSchema.properties.version }, { additionalProperties: false }),
        response: { 202: pinSchema, ...LOOKUP_ERRORS, ...NOT_FOUND_ERROR },
      },
    },
    async ({ tenantId, params, body: { version } }, reply) => {
      if (version !== null && catalogue.version(tenantId, params.kind, version) === null) {
        throw new AppError('NOT_FOUND', 'no model of that version', { details: { field: 'version', in: 'body' } })
      }
      const pin = { version, at: now() }
      await desk.publish('models', pinKey(tenantId, params.kind), pin)
      return await reply.code(202).send(pin)
    },
  )
  app.delete(
    '/v1/models/:kind/pin',
    {
      schema: {
        tags,
        summary: 'Takes the pin away: the trainer’s choice scores',
        params: byKind,
        response: { 204: Type.Null(), ...LOOKUP_ERRORS },
      },
    },
    async ({ tenantId, params }, reply) => {
      await desk.publish('models', pinKey(tenantId, params.kind), null)
      return await reply.code(204).send(null)
    },
  )
}

function modelOf({ catalogue, watches }: ModelDesk, tenantId: string, kind: ModelKind): Static<typeof modelSchema> {
  const served = catalogue.served(tenantId, kind)
  return {
    kind,
    modelVersion: catalogue.models(tenantId)[kind].version,
    pin: catalogue.pin(tenantId, kind),
    decisions: served?.decisions ?? [],
    shadow: catalogue.shadow(tenantId, kind),
    watch: watches.get(servedKey(tenantId, kind)) ?? null,
    versions: catalogue.versions(tenantId, kind).map(({ version, metrics, training }) => ({
      version,
      metrics: metrics ?? null,
      training: training === undefined ? null : trainingOf(training),
    })),
  }
}

/** Whoever answers may change it: a copy. */
function trainingOf({
  leaks,
  unstable,
  ...rest
}: NonNullable<LinearModel['training']>): Static<typeof modelTrainingSchema> {
  return { ...rest, leaks: [...leaks], ...(unstable && { unstable: [...unstable] }) }
}
