import { AppError } from '../../schemas/errors.ts'
import { hasArtifacts } from './artifacts.ts'
import { type DockerCompose, findDocker } from './docker.ts'
import { findJava } from './find-java.ts'
import { findProgram } from './find-program.ts'
import { installedRedis } from './redis-server.ts'
import { ADDRESS_VARIABLES, SERVER_NAMES, SERVER_TITLES, type ServerName } from './types.ts'

/** How the servers that the environment gives no address of are started. */
export type Choice =
  | { readonly kind: 'given' }
  | { readonly kind: 'docker'; readonly docker: DockerCompose }
  | {
      readonly kind: 'java'
      readonly java: string | null
      readonly maven: string | null
      readonly redis: string | null
    }

export interface ChooseOptions {
  readonly env: NodeJS.ProcessEnv
  readonly missing: readonly ServerName[]
  readonly only?: 'docker' | 'java' | undefined
}

/** Addresses from the environment, else Docker, else Java and Maven, else an error that names all three. */
export async function choose({ env, missing, only }: ChooseOptions): Promise<Choice> {
  if (missing.length === 0) return { kind: 'given' }
  const docker = only === 'java' ? 'left out by the options' : await findDocker(env)
  if (typeof docker !== 'string') return { kind: 'docker', docker }
  const java = only === 'docker' ? 'left out by the options' : await chooseJava(env, missing)
  if (typeof java !== 'string') return java
  throw unavailable(missing, docker, java)
}

export function missingServers(env: NodeJS.ProcessEnv): ServerName[] {
  return SERVER_NAMES.filter((name) => !env[ADDRESS_VARIABLES[name]])
}

async function chooseJava(env: NodeJS.ProcessEnv, missing: readonly ServerName[]): Promise<Choice | string> {
  const redis = missing.includes('redis') ? await installedRedis(env) : null
  const needed = missing.filter((name) => name !== 'redis' || redis === null)
  if (needed.length === 0) return { kind: 'java', java: null, maven: null, redis }
  const needsJava = needed.some((name) => name !== 'redis')
  const java = needsJava ? await findJava(env) : { program: null }
  const maven = findProgram('mvn', env)
  const lacks: string[] = []
  if ('reason' in java) lacks.push(java.reason)
  // What an earlier start brought needs no Maven any more.
  if (maven === null && !needed.every((name) => hasArtifacts(name, env))) lacks.push('mvn is not on the PATH')
  if ('reason' in java || lacks.length > 0) return lacks.join(', ')
  return { kind: 'java', java: java.program, maven, redis }
}

function unavailable(missing: readonly ServerName[], docker: string, java: string): AppError {
  const titles = missing.map((name) => SERVER_TITLES[name]).join(', ')
  const variables = missing.map((name) => ADDRESS_VARIABLES[name]).join(', ')
  return new AppError(
    'STACK_UNAVAILABLE',
    [
      `found no way to start ${titles}. Any one of these three will do:`,
      `  1. servers that run already: set ${variables}`,
      `  2. Docker with Compose (${docker})`,
      `  3. Java 17 or later and Maven (${java})`,
    ].join('\n'),
    { details: { missing } },
  )
}
