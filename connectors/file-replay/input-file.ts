import { createHash } from 'node:crypto'
import { createReadStream, type ReadStream } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { createGunzip } from 'node:zlib'
import { AppError } from '../../schemas/errors.ts'
import { fileProblem } from '../../schemas/file-problem.ts'

const CHUNK_BYTES = 256 * 1024
const HASHED_BYTES = 64 * 1024

/** What tells one file, and one content of it, from another. */
export interface FileIdentity {
  readonly bytes: number
  readonly modifiedMs: number
  /** SHA-256 of the first 64 KiB. */
  readonly headSha256: string
}

/** A file to read, plain or gzip by its first bytes, whatever its name. */
export class InputFile {
  readonly path: string
  readonly identity: FileIdentity
  readonly isGzip: boolean
  #source: ReadStream | null = null
  #start = 0

  private constructor(path: string, identity: FileIdentity, isGzip: boolean) {
    this.path = path
    this.identity = identity
    this.isGzip = isGzip
  }

  /** @throws AppError INPUT_INVALID when the file can't be read */
  static async open(path: string): Promise<InputFile> {
    let file: FileHandle | undefined
    try {
      file = await open(path)
      const { size, mtimeMs } = await file.stat()
      const { buffer, bytesRead } = await file.read(Buffer.alloc(HASHED_BYTES), 0, HASHED_BYTES, 0)
      const head = buffer.subarray(0, bytesRead)
      const headSha256 = createHash('sha256').update(head).digest('hex')
      return new InputFile(path, { bytes: size, modifiedMs: mtimeMs, headSha256 }, head[0] === 0x1f && head[1] === 0x8b)
    } catch (error) {
      throw new AppError('INPUT_INVALID', `${path}: ${fileProblem(error)}`, { cause: error, details: { path } })
    } finally {
      await file?.close()
    }
  }

  /** Bytes read of the file as it lies on the disk; `identity.bytes` at the end. */
  get bytesRead(): number {
    return this.#start + (this.#source?.bytesRead ?? 0)
  }

  /**
   * The content from an offset on, decompressed. A plain file is read from there; a gzip file has to be decompressed from
   * its beginning, which costs time, not memory.
   * @throws AppError INPUT_INVALID when the file can't be read on, or its gzip is damaged or cut off
   */
  async *read(offset = 0): AsyncGenerator<Buffer> {
    this.#start = this.isGzip ? 0 : offset
    const source = createReadStream(this.path, { start: this.#start, highWaterMark: CHUNK_BYTES })
    this.#source = source
    const content = this.isGzip ? source.pipe(createGunzip({ chunkSize: CHUNK_BYTES })) : source
    // A pipe doesn't pass errors on.
    source.once('error', (error) => content.destroy(error))
    try {
      let toSkip = offset - this.#start
      for await (const chunk of content as AsyncIterable<Buffer>) {
        if (chunk.length > toSkip) yield toSkip === 0 ? chunk : chunk.subarray(toSkip)
        toSkip = Math.max(0, toSkip - chunk.length)
      }
    } catch (error) {
      const message = `${this.path}: ${fileProblem(error)} after ${source.bytesRead} bytes`
      throw new AppError('INPUT_INVALID', message, { cause: error, details: { path: this.path } })
    } finally {
      content.destroy()
      source.destroy()
    }
  }
}
