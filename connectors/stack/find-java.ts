import { join } from 'node:path'
import { askProgram } from './ask-program.ts'
import { findProgram } from './find-program.ts'

/** The oldest Java that Kafka 4 and Apicurio Registry 3 run on. */
const OLDEST = 17

export async function findJava(
  env: NodeJS.ProcessEnv,
): Promise<{ readonly program: string } | { readonly reason: string }> {
  const home = env['JAVA_HOME']
  const program = (home && findProgram('java', { ...env, PATH: join(home, 'bin') })) || findProgram('java', env)
  if (!program) return { reason: 'java is not on the PATH' }
  const { ok, text } = await askProgram(program, ['-version'], { env, timeoutMs: 10_000 })
  const version = /version "(\d+)/.exec(text)?.[1]
  if (!ok || version === undefined) return { reason: `${program} -version does not answer` }
  return Number(version) >= OLDEST ? { program } : { reason: `${program} is Java ${version}` }
}
