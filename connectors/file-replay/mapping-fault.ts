import { AppError } from '../../schemas/errors.ts'

/** What is wrong with a mapping, and where. */
export function mappingFault(path: string, problem: string): AppError {
  return new AppError('CONFIG_INVALID', `mapping: ${path} ${problem}`, { details: { field: path } })
}
