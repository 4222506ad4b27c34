import { OPTIONS } from '../runtime/config.ts'
import { parseCommandArgs } from '../schemas/command-args.ts'
import { AppError } from '../schemas/errors.ts'

/**
 * Whether a command whose settings all come from the environment is only asked for its help.
 * @throws AppError USAGE naming the argument, and the variable that may have been meant
 */
export function wantsHelp(args: readonly string[]): boolean {
  try {
    return parseCommandArgs(args, {}).values.help
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    const names = args.map((arg) =>
      arg
        .replace(/^--|=.*/g, '')
        .replaceAll('-', '_')
        .toUpperCase(),
    )
    const meant = names.find((name) => Object.hasOwn(OPTIONS, name))
    const hint = meant === undefined ? '' : ` (${meant})`
    throw new AppError('USAGE', `${error.message}; settings come from the environment${hint}`, { cause: error })
  }
}
