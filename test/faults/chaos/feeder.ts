import { setTimeout as sleep } from 'node:timers/promises'
import type { EventProducer } from '../../../connectors/kafka/event-producer.ts'
import type { Load } from './make-events.ts'
import type { RawRecords } from './raw-records.ts'

const TICK_MS = 50

export interface FeederOptions {
  readonly producer: EventProducer
  readonly records: RawRecords
  readonly load: Iterator<Load, never>
  /** Records a second. */
  readonly rate: number
}

/** Writes records at a steady rate, and waits while the broker is away. */
export class Feeder {
  readonly #options: FeederOptions
  #going = true
  #sent = 0
  #running: Promise<void> = Promise.resolve()

  constructor(options: FeederOptions) {
    this.#options = options
  }

  /** Records that are durable. */
  get sent(): number {
    return this.#sent
  }

  start(): void {
    this.#running = this.#run()
    // `stop` tells.
    this.#running.catch(() => {})
  }

  /** @throws what ended it before its time */
  async stop(): Promise<void> {
    this.#going = false
    await this.#running
  }

  async #run(): Promise<void> {
    const { producer, records, load, rate } = this.#options
    for (let last = performance.now(); this.#going; ) {
      await sleep(TICK_MS)
      const now = performance.now()
      // Of what was not sent during an outage no more than a second's worth is made up for.
      const count = Math.round((rate * Math.min(now - last, 1_000)) / 1_000)
      last = now
      const batch = Array.from({ length: count }, () => records.of(load.next().value))
      await producer.send(batch)
      this.#sent += batch.length
    }
  }
}
