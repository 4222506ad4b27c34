import { readFile, rename, writeFile } from 'node:fs/promises'
import Type, { type Static } from 'typebox'
import Value from 'typebox/value'
import { AppError, messageOf } from '../../schemas/errors.ts'
import type { FileIdentity } from './input-file.ts'

const whole = Type.Integer({ minimum: 0 })

/** The progress file: how far the events of a file are durable, and of which file by which mapping. */
const checkpointSchema = Type.Object({
  version: Type.Literal(1),
  file: Type.Object({ bytes: whole, modifiedMs: Type.Number(), headSha256: Type.String() }),
  mappingSha256: Type.String(),
  position: Type.Object({ offset: whole, line: whole }),
  counts: Type.Object({
    records: whole,
    events: whole,
    skipped: Type.Record(Type.String(), Type.Object({ groups: whole, records: whole })),
    rejectedRecords: whole,
    rejected: Type.Record(Type.String(), whole),
  }),
  rejectsBytes: whole,
  isComplete: Type.Boolean(),
})

export type Checkpoint = Static<typeof checkpointSchema>

/** Replaces the progress file as a whole: a reader finds the old one or the new one. */
export async function saveCheckpoint(path: string, checkpoint: Checkpoint): Promise<void> {
  await writeFile(`${path}.tmp`, `${JSON.stringify(checkpoint)}\n`)
  await rename(`${path}.tmp`, path)
}

/**
 * The progress of an earlier replay; null when there was none.
 * @throws AppError CONFIG_INVALID when it is of another content of the file, of another mapping, or unreadable
 */
export async function loadCheckpoint(
  path: string,
  expected: { file: FileIdentity; mappingSha256: string },
): Promise<Checkpoint | null> {
  let json: unknown
  try {
    json = JSON.parse(await readFile(path, 'utf8'))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw refusal(path, `can't be read: ${messageOf(error)}`)
  }
  if (!Value.Check(checkpointSchema, json)) throw refusal(path, 'is no progress file of this version')
  const { file, mappingSha256 } = json
  if (file.bytes !== expected.file.bytes || file.headSha256 !== expected.file.headSha256) {
    throw refusal(path, 'is of a file with other content')
  }
  if (file.modifiedMs !== expected.file.modifiedMs) throw refusal(path, 'is of the file before it was changed')
  if (mappingSha256 !== expected.mappingSha256) throw refusal(path, 'is of another mapping')
  return json
}

function refusal(path: string, problem: string): AppError {
  const message = `progress file ${path} ${problem}; start again from the beginning with --restart`
  return new AppError('CONFIG_INVALID', message, { details: { path } })
}
