import { getSystemErrorMessage } from 'node:util'
import { messageOf } from './errors.ts'

/** What is wrong with a file, without the path and the system call that Node's message adds: the caller names the file. */
export function fileProblem(error: unknown): string {
  // Errors of zlib have an errno of their own, and no system call.
  const { errno, syscall } = error instanceof Error ? (error as NodeJS.ErrnoException) : {}
  return errno === undefined || syscall === undefined ? messageOf(error) : getSystemErrorMessage(errno)
}
