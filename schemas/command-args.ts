import { type ParseArgsConfig, parseArgs } from 'node:util'
import { AppError, messageOf } from './errors.ts'

const HELP = { help: { type: 'boolean', short: 'h', default: false } } as const

type Parsed<C extends ParseArgsConfig> = ReturnType<
  typeof parseArgs<C & { readonly options: C['options'] & typeof HELP }>
>

/** The arguments of a command; --help and -h are options of each. @throws AppError USAGE naming what is refused */
export function parseCommandArgs<const C extends ParseArgsConfig>(args: readonly string[], config: C): Parsed<C> {
  try {
    return parseArgs({ ...config, args: [...args], options: { ...config.options, ...HELP } }) as Parsed<C>
  } catch (error) {
    // Node goes on with advice on how to escape dashes.
    const [problem = ''] = messageOf(error).split(/\.?\n|\. /)
    throw new AppError('USAGE', problem, { cause: error })
  }
}

export function usageError(argument: string, problem: string): AppError {
  return new AppError('USAGE', `${argument} ${problem}`, { details: { field: argument } })
}
