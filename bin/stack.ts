import { runStackCommand } from '../connectors/stack/command.ts'
import { readConfig } from '../runtime/config.ts'

/** `everscore stack`. A variable that every other command would refuse is better known before the servers start. */
export async function runStack(args: string[], env: NodeJS.ProcessEnv): Promise<number> {
  return await runStackCommand(args, env, () => readConfig(env))
}
