import type { RawRecord } from './record-splitter.ts'

/** One record and the values of the columns that the mapping uses, in the order of the columns. */
export interface Row {
  readonly record: RawRecord
  readonly values: readonly string[]
}

/** The columns a mapping uses, each once; compiling asks for them by name and gets their place in a row. */
export class Columns {
  readonly names: string[] = []

  indexOf(name: string): number {
    const known = this.names.indexOf(name)
    return known >= 0 ? known : this.names.push(name) - 1
  }
}
