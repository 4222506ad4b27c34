import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { INPUT_TOPICS } from '../schemas/topics.ts'

/**
 * Bytes that were written to the log segments of a broker's data folder, by topic: each segment at its largest, since
 * retention and compaction remove some. `sample` often enough to see them.
 */
export class LogGrowth {
  readonly #folder: string | null
  readonly #largest = new Map<string, number>()

  /** @param folder null: it can't be seen, and nothing is ever there */
  constructor(folder: string | null) {
    this.#folder = folder
  }

  sample(): void {
    if (this.#folder === null) return
    for (const partition of foldersIn(this.#folder)) {
      for (const file of filesIn(join(this.#folder, partition))) {
        const name = `${partition}/${file}`
        this.#largest.set(name, Math.max(this.#largest.get(name) ?? 0, sizeOf(join(this.#folder, name))))
      }
    }
  }

  /** Bytes by topic, those of Kafka's own topics included. @param prefix left out of the names */
  byTopic(prefix = ''): Record<string, number> {
    const sums: Record<string, number> = {}
    for (const [name, bytes] of this.#largest) {
      const topic = name.slice(0, name.indexOf('/')).replace(/-\d+$/, '').replace(prefix, '')
      sums[topic] = (sums[topic] ?? 0) + bytes
    }
    return sums
  }
}

/** What engines wrote, without what the load did. */
export function withoutInputs(bytes: Readonly<Record<string, number>>): Record<string, number> {
  const isInput = (topic: string): boolean => (INPUT_TOPICS as readonly string[]).includes(topic)
  return Object.fromEntries(Object.entries(bytes).filter(([topic]) => !isInput(topic)))
}

/** The data folder of a broker that was started here; null: it can't be seen from here. @param pid of the broker */
export function logFolderOf(pid: number | null | undefined): string | null {
  try {
    const properties = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').filter(Boolean).at(-1)!
    return /^log\.dirs=(.+)$/m.exec(readFileSync(properties, 'utf8'))?.[1] ?? null
  } catch {
    return null
  }
}

function foldersIn(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && /-\d+$/.test(entry.name))
      .map(({ name }) => name)
  } catch {
    return []
  }
}

/** Segments; one that compaction is writing (`.log.cleaned`, `.log.swap`) was counted as what it is made from. */
function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => name.endsWith('.log'))
  } catch {
    return []
  }
}

function sizeOf(file: string): number {
  try {
    return statSync(file).size
  } catch {
    return 0
  }
}
