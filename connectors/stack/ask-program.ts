import { execFile } from 'node:child_process'

export interface Answer {
  readonly ok: boolean
  /** Standard output and error together. */
  readonly text: string
}

/** Runs a short question to a program (its version, its state); never throws, and never waits longer than told. */
export function askProgram(
  command: string,
  args: readonly string[],
  options: { readonly env: NodeJS.ProcessEnv; readonly timeoutMs: number },
): Promise<Answer> {
  return new Promise((resolve) => {
    const shell = process.platform === 'win32' && /\.(cmd|bat)$/i.test(command)
    execFile(
      command,
      args,
      { env: options.env, timeout: options.timeoutMs, killSignal: 'SIGKILL', windowsHide: true, shell },
      (error, stdout, stderr) => resolve({ ok: error === null, text: `${stdout}${stderr}`.trim() }),
    )
  })
}
