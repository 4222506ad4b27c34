import { execFileSync } from 'node:child_process'
import { appendFileSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { VERSION } from '../schemas/version.ts'
import { machine } from './setup.ts'

/** One line of a file of results, as docs/performance.md is made from. */
export interface ResultLine<T = unknown> {
  /** Which of its kind, such as `12 partitions`. */
  readonly name: string
  readonly at: string
  readonly machine: string
  readonly commit: string
  readonly version: string
  readonly command: string
  readonly result: T
}

/** Files of JSON lines, one file a kind of measurement: those of an earlier run are replaced, kind by kind. */
export class ResultLog {
  readonly #folder: string
  readonly #begun = new Set<string>()

  constructor(folder: string) {
    this.#folder = folder
    mkdirSync(folder, { recursive: true })
  }

  add(kind: string, name: string, result: unknown): void {
    const file = join(this.#folder, `${kind}.jsonl`)
    if (!this.#begun.has(kind)) rmSync(file, { force: true })
    this.#begun.add(kind)
    const line: ResultLine = {
      name,
      at: new Date().toISOString(),
      machine: machine(),
      commit: commit(),
      version: VERSION,
      command: `npm run bench -- ${process.argv.slice(2).map(withoutFolders).join(' ')}`,
      result,
    }
    appendFileSync(file, `${JSON.stringify(line)}\n`)
  }
}

function commit(): string {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim()
  } catch {
    return ''
  }
}

/** Where things lie on this machine is nobody's business. */
function withoutFolders(argument: string): string {
  return argument.includes('/') ? 'FOLDER' : argument
}
