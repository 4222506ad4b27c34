import { Type } from 'typebox'
import { AppError } from '../../schemas/errors.ts'
import { MODEL_KINDS, shadowKey, shadowSchema } from '../../schemas/served-model.ts'
import type { App } from '../app.ts'
import { LOOKUP_ERRORS, NOT_FOUND_ERROR } from '../error-answer.ts'
import type { ModelRouteDeps } from './models.ts'

const params = Type.Object({ kind: Type.Enum(MODEL_KINDS, { description: 'Which model.' }) })
const tags = ['models']

/** Which version is scored beside the one that serves. */
export function shadowRoutes(app: App, { models: desk, now }: ModelRouteDeps): void {
  const { catalogue } = desk
  app.get(
    '/v1/models/:kind/shadow',
    {
      schema: {
        tags,
        summary: 'The version that is scored beside the one that serves',
        params,
        querystring: Type.Object({}, { additionalProperties: false }),
        response: {
          200: Type.Object(shadowSchema.properties, {
            examples: [{ version: 'lead-2026-03-01T02:00:00.000Z', at: 1_772_330_400_000 }],
          }),
          ...LOOKUP_ERRORS,
          ...NOT_FOUND_ERROR,
        },
      },
    },
    async ({ tenantId, params: { kind } }) => {
      const shadow = catalogue.shadow(tenantId, kind)
      if (shadow === null) throw new AppError('NOT_FOUND', 'no version is a shadow')
      return shadow
    },
  )
  app.put(
    '/v1/models/:kind/shadow',
    {
      schema: {
        tags,
        summary: 'Scores a version beside the one that serves, at the events that are sampled, and compares',
        params,
        body: Type.Object({ version: shadowSchema.properties.version }, { additionalProperties: false }),
        response: { 202: shadowSchema, ...LOOKUP_ERRORS, ...NOT_FOUND_ERROR },
      },
    },
    async ({ tenantId, params: { kind }, body: { version } }, reply) => {
      if (catalogue.version(tenantId, kind, version) === null) {
        throw new AppError('NOT_FOUND', 'no model of that version', { details: { field: 'version', in: 'body' } })
      }
      const shadow = { version, at: now() }
      await desk.publish('models', shadowKey(tenantId, kind), shadow)
      return await reply.code(202).send(shadow)
    },
  )
  app.delete(
    '/v1/models/:kind/shadow',
    {
      schema: {
        tags,
        summary: 'Scores nothing beside the version that serves',
        params,
        response: { 204: Type.Null(), ...LOOKUP_ERRORS },
      },
    },
    async ({ tenantId, params: { kind } }, reply) => {
      await desk.publish('models', shadowKey(tenantId, kind), null)
      return await reply.code(204).send(null)
    },
  )
}
