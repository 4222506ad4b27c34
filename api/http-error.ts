import { randomUUID } from 'node:crypto'
import { AppError, ERROR_CODES, type ErrorCode } from '../schemas/errors.ts'
import type { ErrorAnswer } from './error-answer.ts'
import { describeFault, type ValidationFault } from './validation-fault.ts'

/** Codes that only an HTTP answer can have. */
export const HTTP_CODES = {
  NOT_READY: 'not everything that lookups need is there yet',
  METHOD_NOT_ALLOWED: 'there is something at this path, but not for this method',
  BODY_TOO_LARGE: 'the body is larger than this server takes',
  MEDIA_TYPE_UNSUPPORTED: 'the body is of a media type that this server does not read',
} as const

type HttpCode = keyof typeof HTTP_CODES

/** The status of every code; one table, so that no route decides on its own. */
const STATUS: Readonly<Record<ErrorCode | HttpCode, number>> = {
  INPUT_INVALID: 400,
  UNAUTHORIZED: 401,
  NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  BODY_TOO_LARGE: 413,
  MEDIA_TYPE_UNSUPPORTED: 415,
  USAGE: 500,
  CONFIG_INVALID: 500,
  SCHEMA_INCOMPATIBLE: 500,
  TOPIC_MISMATCH: 500,
  STACK_UNAVAILABLE: 500,
  SERVER_FAILED: 500,
  PORT_IN_USE: 500,
  DATA_DIR_IN_USE: 500,
  DATA_DIR_UNUSABLE: 500,
  KAFKA_REFUSED: 500,
  PRODUCER_FENCED: 500,
  NOT_OWNER: 500,
  OFFSETS_UNKNOWN: 500,
  RECORDS_LOST: 500,
  REDIS_FOREIGN: 500,
  REDIS_EVICTS: 500,
  STATE_UNREADABLE: 500,
  INTERNAL: 500,
  SCHEMA_UNKNOWN: 503,
  KAFKA_UNAVAILABLE: 503,
  REDIS_UNAVAILABLE: 503,
  REBUILDING: 503,
  NOT_READY: 503,
}

const RETRY_AFTER_S = 5

/** An error as it goes out. `log`: it is ours to look into, not the caller's. */
export interface HttpError {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: ErrorAnswer
  readonly log: boolean
}

/** What may be said to the outside of anything thrown: of what isn't the caller's fault, only the code and its meaning. */
export function toHttpError(error: unknown, requestId: string): HttpError {
  if (error instanceof AppError) {
    const passed = STATUS[error.code] < 500 || error.code === 'REBUILDING'
    return httpError(
      error.code,
      passed ? error.message : ERROR_CODES[error.code],
      passed ? error.details : {},
      requestId,
    )
  }
  const { statusCode, validation, validationContext, message } = asFastifyError(error)
  if (validation !== undefined) {
    const { message: problem, details } = describeFault(validation, validationContext)
    return httpError('INPUT_INVALID', problem, details, requestId)
  }
  if (statusCode === 413) return httpError('BODY_TOO_LARGE', HTTP_CODES.BODY_TOO_LARGE, {}, requestId)
  if (statusCode === 415) return httpError('MEDIA_TYPE_UNSUPPORTED', HTTP_CODES.MEDIA_TYPE_UNSUPPORTED, {}, requestId)
  if (statusCode >= 400 && statusCode < 500) return httpError('INPUT_INVALID', message, {}, requestId)
  return httpError('INTERNAL', ERROR_CODES.INTERNAL, {}, requestId)
}

export function notReady(waitingFor: readonly string[], requestId: string): HttpError {
  return httpError('NOT_READY', HTTP_CODES.NOT_READY, { waitingFor }, requestId)
}

/** @param allowed methods that the path has */
export function methodNotAllowed(
  method: string,
  path: string,
  allowed: readonly string[],
  requestId: string,
): HttpError {
  const allow = allowed.join(', ')
  const answer = httpError(
    'METHOD_NOT_ALLOWED',
    `${path} takes ${allow}, not ${method}`,
    { method, allowed },
    requestId,
  )
  return { ...answer, headers: { ...answer.headers, allow } }
}

function httpError(
  code: ErrorCode | HttpCode,
  message: string,
  details: Readonly<Record<string, unknown>>,
  requestId: string,
): HttpError {
  const status = STATUS[code]
  const headers: Record<string, string> = { 'x-request-id': requestId }
  if (status === 503) headers['retry-after'] = String(RETRY_AFTER_S)
  if (status === 401) headers['www-authenticate'] = 'Bearer'
  return { status, headers, body: { error: { code, message, details: { ...details }, requestId } }, log: status >= 500 }
}

function asFastifyError(error: unknown): {
  statusCode: number
  message: string
  validation: readonly ValidationFault[] | undefined
  validationContext: string | undefined
} {
  const like = (typeof error === 'object' && error !== null ? error : {}) as {
    statusCode?: unknown
    message?: unknown
    validation?: readonly ValidationFault[]
    validationContext?: string
  } // every property is checked or optional below
  return {
    statusCode: typeof like.statusCode === 'number' ? like.statusCode : 500,
    message: String(like.message ?? ''),
    validation: like.validation?.length ? like.validation : undefined,
    validationContext: like.validationContext,
  }
}

/** The caller's own id of a request, if it is fit for a log line and a header, else a new one. */
export function requestIdOf(header: string | string[] | undefined): string {
  return typeof header === 'string' && /^[\w.:/+=-]{1,128}$/.test(header) ? header : randomUUID()
}
