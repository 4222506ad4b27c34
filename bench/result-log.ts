import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { VERSION } from '../schemas/version.ts'
import { type ResultLine, readLines } from './result-lines.ts'
import { machine } from './setup.ts'

/** Files of JSON lines, one file a kind of measurement. A line takes the place of an earlier one of its name. */
export class ResultLog {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
    mkdirSync(folder, { recursive: true })
  }

  add(kind: string, name: string, result: unknown): void {
    const file = join(this.#folder, `${kind}.jsonl`)
    const lines = readLines(file)
    const line: ResultLine = {
      name,
      at: new Date().toISOString(),
      machine: machine(),
      commit: commit(),
      version: VERSION,
      command: `npm run bench -- ${process.argv.slice(2).map(withoutFolders).join(' ')}`,
      result,
    }
    const before = lines.findIndex((each) => each.name === name)
    lines.splice(before < 0 ? lines.length : before, 1, line)
    writeFileSync(file, lines.map((each) => `${JSON.stringify(each)}\n`).join(''))
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
