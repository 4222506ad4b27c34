import { type Static, type TUnsafe, Type, Unsafe } from 'typebox'

export const errorAnswerSchema = Type.Object(
  {
    error: Type.Object({
      code: Type.String({ description: 'What happened, for programs; never changes its meaning.' }),
      message: Type.String({ description: 'What happened, for people.' }),
      details: Type.Record(Type.String(), Type.Unknown(), {
        description: '`field` and `in` name the parameter that is wrong; other facts by code.',
      }),
      requestId: Type.String({ description: 'The same as in the header X-Request-Id and in the logs.' }),
    }),
  },
  {
    $id: 'Error',
    examples: [
      {
        error: {
          code: 'NOT_FOUND',
          message: 'no customer of that id',
          details: { field: 'id', id: 'c-404' },
          requestId: '3f0a4f3c-2a3d-4f0e-9d0b-6f1f0c1f8a55',
        },
      },
    ],
  },
)

export type ErrorAnswer = Static<typeof errorAnswerSchema>

const described = (description: string): TUnsafe<ErrorAnswer> => Unsafe({ $ref: 'Error#', description })

/** The answers that every lookup may give instead of its own. */
export const LOOKUP_ERRORS = {
  400: described('A parameter is wrong; details.field names it.'),
  401: described('The bearer key is missing or unknown.'),
  500: described('A bug of everscore or of its set-up; the log has more under the request id.'),
  503: described('Redis does not answer (REDIS_UNAVAILABLE) or the partition is being rebuilt (REBUILDING).'),
} as const
export const NOT_FOUND_ERROR = { 404: described('There is nothing of that id.') } as const
export const NOT_READY_ERROR = { 503: described('Not ready; details.waitingFor says for what.') } as const
export const UNAUTHORIZED_ERROR = { 401: LOOKUP_ERRORS[401] } as const
