import type { SupervisedCommand } from './supervisor.ts'
import type { ServerKind, ServerName } from './types.ts'

export interface LaunchContext {
  readonly port: number
  /** The server's own part of the data folder. */
  readonly folder: string
  readonly env: Readonly<Record<string, string>>
  readonly signal?: AbortSignal | undefined
}

export type LaunchCommand = Pick<SupervisedCommand, 'command' | 'args' | 'graceMs'> & {
  readonly env?: Readonly<Record<string, string>>
}

/** What a process started here must say about itself: how it is started, and how one sees that it answers. */
export interface ServerDefinition {
  readonly name: ServerName
  readonly kind: ServerKind
  address(port: number): string
  /** Writes what the server reads at its start, and returns how to start it. */
  prepare(context: LaunchContext): Promise<LaunchCommand>
  /** True when the server itself answers; false or a rejection while it doesn't yet. */
  answers(port: number): Promise<boolean>
}
