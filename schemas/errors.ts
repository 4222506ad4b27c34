/** What the code of an error means to the code that catches it; a flat catalogue, so that one search finds each. */
export const ERROR_CODES = {
  USAGE: 'an argument of a command is unknown, missing or refused',
  CONFIG_INVALID: 'an environment variable, or a settings or mapping file, has a value that is refused',
  INPUT_INVALID: 'an event, a line or a request breaks its schema; details.field names the field',
  SCHEMA_INCOMPATIBLE: 'the registry refuses a schema, or a writer schema cannot be read as ours',
  SCHEMA_UNKNOWN: 'the registry has no schema of that id',
  TOPIC_MISMATCH: 'a topic exists with other partitions or settings than the catalogue asks for',
  STACK_UNAVAILABLE: 'no way to start Kafka, the registry or Redis was found',
  SERVER_FAILED: 'a server that everscore started ended or did not answer in time',
  PORT_IN_USE: 'a port that was asked for is taken',
  DATA_DIR_IN_USE: 'another process works in the data folder',
  DATA_DIR_UNUSABLE: 'the data folder holds data of another version or of something else',
  KAFKA_UNAVAILABLE: 'no broker answered, or the answer says to try again',
  KAFKA_REFUSED: 'a broker refused a request for good',
  PRODUCER_FENCED: 'a newer owner of the partition took the transactional id over',
  NOT_OWNER: 'this worker no longer owns the partition',
  OFFSETS_UNKNOWN: 'the group has no offsets for a partition that has state, and they cannot be found again',
  RECORDS_LOST: 'retention removed input records before they were read',
  REDIS_UNAVAILABLE: 'Redis did not answer, or is still loading',
  REDIS_FOREIGN: 'the position in Redis is not the one this task wrote last',
  REDIS_EVICTS: 'the maxmemory-policy of Redis would evict state',
  STATE_UNREADABLE: 'stored state bytes are of an unknown version or damaged',
  NOT_FOUND: 'there is nothing of that name or id',
  UNAUTHORIZED: 'the key is missing or unknown',
  REBUILDING: 'the partition of that customer is being rebuilt',
  INTERNAL: 'a broken invariant: a bug of everscore',
} as const

export type ErrorCode = keyof typeof ERROR_CODES

export interface AppErrorOptions {
  /** True when the same call may succeed later without anybody changing anything. */
  readonly retryable?: boolean
  readonly cause?: unknown
  /** Facts for logs and HTTP answers: `field`, `topic`, `partition`, `offset`, … */
  readonly details?: Readonly<Record<string, unknown>>
}

/** The one error class: what failed (`message`), how to react (`code`, `retryable`) and where (`details`). */
export class AppError extends Error {
  readonly code: ErrorCode
  readonly retryable: boolean
  readonly details: Readonly<Record<string, unknown>>

  constructor(code: ErrorCode, message: string, options: AppErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'AppError'
    this.code = code
    this.retryable = options.retryable ?? false
    this.details = options.details ?? {}
  }
}

/** The message of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
