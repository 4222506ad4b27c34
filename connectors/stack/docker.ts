import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { AppError } from '../../schemas/errors.ts'
import { askProgram } from './ask-program.ts'
import { findProgram } from './find-program.ts'

/** A Docker client that has Compose and reaches an engine. */
export interface DockerCompose {
  readonly program: string
  readonly composeFile: string
}

/** Docker, or the reason why it can't be used. The client is often there without an engine, so the engine is asked. */
export async function findDocker(env: NodeJS.ProcessEnv): Promise<DockerCompose | string> {
  const program = findProgram('docker', env)
  if (program === null) return 'docker is not on the PATH'
  const ask = (...args: string[]) => askProgram(program, args, { env, timeoutMs: 5_000 })
  const [info, compose] = await Promise.all([ask('info', '--format', '{{.ServerVersion}}'), ask('compose', 'version')])
  if (!info.ok) return 'docker is there, but no engine answers'
  if (!compose.ok) return 'docker is there, but without its compose plugin'
  return { program, composeFile: composeFile() }
}

/** docker-compose.yml of the package, seen from the source and from dist/ alike. */
export function composeFile(): string {
  const candidates = ['../../docker-compose.yml', '../../../docker-compose.yml']
  const found = candidates.map((path) => fileURLToPath(new URL(path, import.meta.url))).find((path) => existsSync(path))
  if (found === undefined) throw new AppError('INTERNAL', 'docker-compose.yml of the package was not found')
  return found
}
