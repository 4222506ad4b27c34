const CLEAR_LINE = '\r\u001b[2K'
const PLAIN_EVERY_MS = 2_000
const LIVE_EVERY_MS = 100
const INDENT = '  '

export interface TerminalOutput {
  write(text: string): unknown
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
}

/** Lines that stay and one that moves: redrawn on a terminal, printed now and then elsewhere. */
export class Terminal {
  readonly #output: TerminalOutput
  #live = ''
  #shown = ''

  constructor(output: TerminalOutput) {
    this.#output = output
  }

  say(line = ''): void {
    this.#erase()
    for (const each of line.split('\n')) this.#output.write(each === '' ? '\n' : `${INDENT}${each}\n`)
    this.#draw()
  }

  /** As it is, without indent: for programs that read it. */
  print(line: string): void {
    this.#erase()
    this.#output.write(`${line}\n`)
  }

  /** Shows what the function says while the work is under way, and once more at its end. */
  async during<T>(progress: () => string, work: Promise<T>): Promise<T> {
    const { isTTY } = this.#output
    const show = (): void => {
      if (isTTY) {
        this.#live = progress()
        this.#erase()
        this.#draw()
      } else this.say(progress())
    }
    const timer = setInterval(show, isTTY ? LIVE_EVERY_MS : PLAIN_EVERY_MS)
    try {
      return await work
    } finally {
      clearInterval(timer)
      this.#live = ''
      this.say(progress())
    }
  }

  #draw(): void {
    if (this.#live === '') return
    this.#shown = `${INDENT}${this.#live}`.slice(0, (this.#output.columns ?? 80) - 1)
    this.#output.write(this.#shown)
  }

  #erase(): void {
    if (this.#shown !== '') this.#output.write(CLEAR_LINE)
    this.#shown = ''
  }
}
