/** Reads the fields of a request or answer one after the other. */
export class KafkaReader {
  readonly #bytes: Buffer
  at: number

  constructor(bytes: Buffer, at: number) {
    this.#bytes = bytes
    this.at = at
  }

  skip(bytes: number): void {
    this.at += bytes
  }

  int16(): number {
    this.at += 2
    return this.#bytes.readInt16BE(this.at - 2)
  }

  int32(): number {
    this.at += 4
    return this.#bytes.readInt32BE(this.at - 4)
  }

  int64(): number {
    this.at += 8
    return Number(this.#bytes.readBigInt64BE(this.at - 8))
  }

  /** '' for null. */
  string(): string {
    const length = Math.max(this.int16(), 0)
    this.at += length
    return this.#bytes.toString('utf8', this.at - length, this.at)
  }

  /** Each topic and its partitions. */
  topics(partition: (topic: string) => void): void {
    for (let topics = this.int32(); topics > 0; topics--) {
      const topic = this.string()
      for (let partitions = this.int32(); partitions > 0; partitions--) partition(topic)
    }
  }
}
