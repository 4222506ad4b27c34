import { Command } from 'ioredis'

/** A command that is encoded already; its name and arguments are given besides as far as ioredis looks at them. */
export class EncodedCommand extends Command {
  readonly #encoded: Buffer

  constructor(name: string, encoded: Buffer, args: string[] = []) {
    super(name, args, { replyEncoding: null })
    this.#encoded = encoded
  }

  // ioredis sends what this returns.
  override toWritable(): Buffer {
    return this.#encoded
  }
}
