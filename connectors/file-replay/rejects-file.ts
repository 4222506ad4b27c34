import { type FileHandle, open, rm } from 'node:fs/promises'
import type { RejectedLine } from './replay-item.ts'

const BUFFERED_CHARACTERS = 64 * 1024

/** Writes rejected lines as NDJSON. The file appears with the first of them. */
export class RejectsFile {
  readonly #path: string
  #file: FileHandle | null = null
  #bytes: number
  #buffered: string[] = []
  #bufferedCharacters = 0

  private constructor(path: string, bytes: number) {
    this.#path = path
    this.#bytes = bytes
  }

  /** `keepBytes` of a file from before are kept: what was rejected up to the checkpoint. */
  static async open(path: string, keepBytes: number): Promise<RejectsFile> {
    const rejects = new RejectsFile(path, 0)
    if (keepBytes === 0) await rm(path, { force: true })
    else await rejects.#resume(keepBytes)
    return rejects
  }

  async add(rejected: RejectedLine): Promise<void> {
    const line = `${JSON.stringify(rejected)}\n`
    this.#buffered.push(line)
    this.#bufferedCharacters += line.length
    if (this.#bufferedCharacters >= BUFFERED_CHARACTERS) await this.flush()
  }

  /** @returns the size of the file, for the checkpoint */
  async flush(): Promise<number> {
    if (this.#buffered.length > 0) {
      const bytes = Buffer.from(this.#buffered.join(''))
      this.#file ??= await open(this.#path, 'w')
      await this.#file.appendFile(bytes)
      this.#bytes += bytes.length
      this.#buffered = []
      this.#bufferedCharacters = 0
    }
    return this.#bytes
  }

  async close(): Promise<void> {
    await this.flush()
    await this.#file?.close()
    this.#file = null
  }

  async #resume(keepBytes: number): Promise<void> {
    this.#file = await open(this.#path, 'a+')
    const { size } = await this.#file.stat()
    this.#bytes = Math.min(size, keepBytes)
    await this.#file.truncate(this.#bytes)
  }
}
