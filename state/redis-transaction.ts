import { EncodedCommand } from './encoded-command.ts'
import { type OwnConnection, together } from './own-connections.ts'
import type { RespBuffer } from './resp-buffer.ts'

/**
 * Commands that are done in one step, or not at all when a watched key was touched.
 * @returns whether they were done
 * @throws the error of the first command that was refused: before anything was done, or, of a key of another type, after
 * all other commands were
 */
export async function transact(connection: OwnConnection, writeCommands: (resp: RespBuffer) => void): Promise<boolean> {
  const { redis, resp } = connection
  resp.reset()
  resp.command('MULTI', 0)
  writeCommands(resp)
  resp.command('EXEC', 0)
  const commands = resp.commands().map((encoded) => new EncodedCommand('multi', encoded))
  const settled = await Promise.allSettled(together(connection, () => commands.map((each) => redis.sendCommand(each))))
  const refused = settled.find((each) => each.status === 'rejected')
  if (refused) throw refused.reason
  const { value: done } = settled.at(-1) as PromiseFulfilledResult<unknown[] | null>
  const failed = done?.find((answer) => answer instanceof Error)
  if (failed) throw failed
  return done !== null
}
