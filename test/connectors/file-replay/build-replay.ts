import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Clock } from '../../../connectors/file-replay/clock.ts'
import type { EventWriter } from '../../../connectors/file-replay/event-writer.ts'
import type { Mapping } from '../../../connectors/file-replay/mapping.ts'
import { MemoryEventWriter } from '../../../connectors/file-replay/memory-event-writer.ts'
import { parseMapping } from '../../../connectors/file-replay/parse-mapping.ts'
import type { InputEvent } from '../../../schemas/events.ts'

/** A folder for one test, removed when the test's scope ends (`using`). */
export class TemporaryFolder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'file-replay-'))

  file(name: string, content: string | Buffer): string {
    const path = join(this.path, name)
    writeFileSync(path, content)
    return path
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true })
  }
}

/** Columns id, customer, at, score: one survey a row. */
export function answers(changes: Partial<Mapping> = {}): Mapping {
  return parseMapping({
    name: 'answers',
    format: 'csv',
    rules: [
      {
        topic: 'surveys',
        fields: {
          eventId: 'a-{id}',
          tenantId: 'shop',
          customerId: '{customer}',
          kind: 'NPS',
          score: { value: '{score}', as: 'integer' },
          occurredAt: { value: '{at}', as: 'timestamp' },
          comment: '{comment}',
        },
      },
    ],
    ...changes,
  })
}

export const ANSWERS_HEADER = 'id,customer,at,score,comment'

/** `count` valid rows of `answers`, a second apart, of seven customers. */
export function answerRows(count: number): string {
  const row = (_: unknown, i: number) => {
    const at = new Date(Date.UTC(2026, 0, 1) + i * 1000).toISOString()
    return `${i},c${i % 7},${at},${i % 11},"said ""${i}"""\n`
  }
  return `${ANSWERS_HEADER}\n${Array.from({ length: count }, row).join('')}`
}

export const idsOf = (events: readonly InputEvent[]): string[] => events.map(({ event }) => event.eventId)

/** Fails once, at the n-th write (from 1); with `durable` the events were written and only the answer was lost. */
export class FailingWriter extends MemoryEventWriter {
  readonly #failAt: number
  readonly #isDurable: boolean
  #writes = 0

  constructor(failAt: number, options: { durable: boolean }) {
    super()
    this.#failAt = failAt
    this.#isDurable = options.durable
  }

  override async write(events: readonly InputEvent[]): Promise<void> {
    const fails = ++this.#writes === this.#failAt
    if (!fails || this.#isDurable) await super.write(events)
    if (fails) throw new Error('the broker went away')
  }
}

/** Time that passes only where somebody sleeps. */
export class ManualClock implements Clock {
  time = 0

  now(): number {
    return this.time
  }

  async sleep(ms: number): Promise<void> {
    this.time += ms
  }
}

/** Notes the time of each event. */
export class TimingWriter implements EventWriter {
  readonly times: number[] = []
  readonly #clock: ManualClock

  constructor(clock: ManualClock) {
    this.#clock = clock
  }

  async write(events: readonly InputEvent[]): Promise<void> {
    for (const _ of events) this.times.push(this.#clock.time)
  }

  async close(): Promise<void> {}
}
