import type { DemoRuntime } from './demo-runtime.ts'
import type { Stage } from './stage.ts'
import type { Terminal } from './terminal.ts'

export interface DemoDeps {
  readonly env: NodeJS.ProcessEnv
  /** The file that is the command line, for the worker's process. */
  readonly everscore: string
  readonly runtime: DemoRuntime
  readonly terminal: Terminal
  /** Aborted by whoever wants the demo to end; the demo aborts it itself when a process that it needs ends. */
  readonly stopping: AbortController
  /** Before the books are checked: tests spoil something here. */
  readonly beforeBooks?: (stage: Stage) => Promise<void>
}
