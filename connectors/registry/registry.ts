import { setTimeout as sleep } from 'node:timers/promises'
import { COMPATIBILITY, SchemaRegistry, SchemaType } from '@kafkajs/confluent-schema-registry'
import type { AvroSchema } from '../../schemas/avro.ts'
import { toAvsc } from '../../schemas/avsc.ts'
import type { SchemaSource } from '../../schemas/codec.ts'
import { AppError, messageOf } from '../../schemas/errors.ts'

const HTTP_NOT_FOUND = 404
const HTTP_CONFLICT = 409
/** Unauthorised, forbidden, incompatible, no schema. Not 400: with that the client says that nobody answered. */
const HTTP_REFUSED = new Set([401, 403, 409, 422])
/** The client's error for a schema that it got and can't make sense of: asking again won't help. */
const UNPARSEABLE = 'ConfluentSchemaRegistryArgumentError'

/** How the client says that a subject's compatibility isn't the wanted one; it has no code of its own for that. */
const LEVEL_DIFFERS = 'Compatibility does not match'
const LEVEL_ASKED = 10
const LEVEL_WAIT_MS = 200

/** The schema registry: writer schemas by id, and our own schemas registered under `<topic>-value`. */
export class Registry implements SchemaSource {
  readonly #registry: SchemaRegistry
  /** For people: without the user and password that it may carry. */
  readonly #url: string

  constructor(url: string) {
    this.#url = withoutUser(url)
    this.#registry = new SchemaRegistry({
      host: url,
      retry: { retries: 2, initialRetryTimeInSecs: 0.1, maxRetryTimeInSecs: 2 },
    })
  }

  async schemaById(id: number): Promise<unknown> {
    try {
      const schema = await this.#registry.getSchema(id)
      if (!('fields' in schema) && !('type' in schema)) {
        throw new AppError('SCHEMA_UNKNOWN', `schema ${id} is not an Avro schema`, { details: { schemaId: id } })
      }
      return JSON.parse(JSON.stringify(schema)) as unknown
    } catch (error) {
      if (error instanceof AppError) throw error
      if (statusOf(error) === HTTP_NOT_FOUND) {
        throw new AppError('SCHEMA_UNKNOWN', `the registry has no schema ${id}`, {
          cause: error,
          details: { schemaId: id },
        })
      }
      if ((error as Error).name === UNPARSEABLE) {
        throw new AppError('SCHEMA_INCOMPATIBLE', `schema ${id} can't be parsed: ${messageOf(error)}`, {
          cause: error,
          details: { schemaId: id },
        })
      }
      throw this.#unavailable(error, `asking for schema ${id}`)
    }
  }

  /**
   * Registers a schema (or finds it registered) with FULL_TRANSITIVE compatibility.
   * @throws AppError SCHEMA_INCOMPATIBLE with the registry's reason
   */
  async register(subject: string, schema: AvroSchema): Promise<number> {
    try {
      return await this.#registerSettled(subject, JSON.stringify(toAvsc(schema)))
    } catch (error) {
      const status = statusOf(error)
      const isConflict = (error as Error).name === 'ConfluentSchemaRegistryCompatibilityError'
      if (isConflict || (status !== undefined && HTTP_REFUSED.has(status))) {
        throw new AppError(
          'SCHEMA_INCOMPATIBLE',
          `the registry refuses the schema of ${subject}: ${messageOf(error)}`,
          {
            cause: error,
            details: { subject },
          },
        )
      }
      throw this.#unavailable(error, `registering the schema of ${subject}`)
    }
  }

  /**
   * A subject's first registration and its compatibility are two requests: whoever comes in between finds a level that
   * isn't ours yet, or finds that it is set at the very moment, and asks again.
   */
  async #registerSettled(subject: string, schema: string): Promise<number> {
    const options = { subject, compatibility: COMPATIBILITY.FULL_TRANSITIVE }
    for (let asked = 1; ; asked++) {
      try {
        return (await this.#registry.register({ type: SchemaType.AVRO, schema }, options)).id
      } catch (error) {
        if (!isBeingConfigured(error) || asked === LEVEL_ASKED) throw error
        await sleep(LEVEL_WAIT_MS)
      }
    }
  }

  #unavailable(error: unknown, doing: string): AppError {
    return new AppError(
      'SERVER_FAILED',
      `${doing}: no answer from the schema registry at ${this.#url}: ${messageOf(error)}`,
      {
        retryable: true,
        cause: error,
        details: { url: this.#url },
      },
    )
  }
}

function isBeingConfigured(error: unknown): boolean {
  if (messageOf(error).startsWith(LEVEL_DIFFERS)) return true
  const { url } = error as { url?: unknown }
  return statusOf(error) === HTTP_CONFLICT && typeof url === 'string' && url.includes('/config/')
}

function statusOf(error: unknown): number | undefined {
  const { status } = error as { status?: unknown }
  return typeof status === 'number' ? status : undefined
}

function withoutUser(url: string): string {
  return url.replace(/\/\/[^/]*@/, '//')
}
