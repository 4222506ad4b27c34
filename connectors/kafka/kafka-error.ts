import { AppError, messageOf } from '../../schemas/errors.ts'

/** Answers that mean: a newer producer has this transactional id, or the coordinator forgot ours. */
const FENCED_TYPES = new Set([
  'INVALID_PRODUCER_EPOCH',
  'PRODUCER_FENCED',
  'INVALID_PRODUCER_ID_MAPPING',
  'UNKNOWN_PRODUCER_ID',
  'OUT_OF_ORDER_SEQUENCE_NUMBER',
  'INVALID_TXN_STATE',
])

/** kafkajs calls these final, but they only say that nobody answered yet. */
const PASSING_NAMES = new Set(['KafkaJSGroupCoordinatorNotFound', 'KafkaJSTimeout', 'KafkaJSLockTimeout'])

/** What kafkajs tried again and again says nothing by itself: its last failure does. */
function lastFailure(error: unknown): unknown {
  const isWrapper = error instanceof Error && error.name === 'KafkaJSNumberOfRetriesExceeded'
  return isWrapper && error.cause !== undefined ? lastFailure(error.cause) : error
}

/** The `type` of a protocol error (`NOT_COORDINATOR_FOR_GROUP`, …), or the class name of a connection error. */
export function kafkaErrorType(thrown: unknown): string {
  const error = lastFailure(thrown)
  if (error instanceof AppError && typeof error.details['type'] === 'string') return error.details['type']
  if (error instanceof Error) {
    const { type } = error as { type?: unknown }
    return typeof type === 'string' ? type : error.name
  }
  return 'UNKNOWN'
}

/** Any error of the client as an AppError; connection errors and time-outs are retryable. */
export function asKafkaError(error: unknown, doing: string, details: Record<string, unknown> = {}): AppError {
  if (error instanceof AppError) return error
  const type = kafkaErrorType(error)
  const described = { ...details, type }
  const message = `${doing}: ${messageOf(error)}`
  if (FENCED_TYPES.has(type)) return new AppError('PRODUCER_FENCED', message, { cause: error, details: described })
  const retryable = isPassing(lastFailure(error))
  return new AppError(retryable ? 'KAFKA_UNAVAILABLE' : 'KAFKA_REFUSED', message, {
    retryable,
    cause: error,
    details: described,
  })
}

function isPassing(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if (PASSING_NAMES.has(error.name)) return true
  // Those of Node that have a code as well say that we read or wrote what isn't there.
  if (error instanceof RangeError || error instanceof TypeError) return false
  // A socket's own errors have a code such as ECONNRESET.
  const { retriable, code } = error as { retriable?: unknown; code?: unknown }
  return error.name.startsWith('KafkaJS') ? retriable !== false : retriable === true || typeof code === 'string'
}
