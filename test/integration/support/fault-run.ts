import { expect } from 'vitest'
import { load } from '../../../bench/generator.ts'
import type { InputEvent } from '../../../schemas/events.ts'
import { expectChangesFollowRecords, expectExactlyOnce, expectViewEqualsLog } from './check-results.ts'
import { type Installation, makeInstallation } from './installation.ts'
import { type RunningWorker, startWorker, untilConfirmed, untilProcessed } from './workers.ts'

const UNTIL = Date.UTC(2026, 0, 1)

/** An installation, its events and the workers of one test that breaks something. */
export class FaultRun {
  readonly installation: Installation
  readonly events: readonly InputEvent[]
  readonly #workers: RunningWorker[] = []
  #written = 0

  static async start(seed: number, events = 1_200): Promise<FaultRun> {
    return new FaultRun(await makeInstallation(), [...load({ seed, events, customers: 80, until: UNTIL })])
  }

  constructor(installation: Installation, events: readonly InputEvent[]) {
    this.installation = installation
    this.events = events
  }

  /** Small batches, so that there is a middle; short time-outs, so that a lost answer is soon given up. */
  async work(env: Readonly<Record<string, string>>): Promise<RunningWorker> {
    const started = await startWorker(this.installation, {
      BATCH_MAX_RECORDS: '50',
      REQUEST_TIMEOUT_MS: '1000',
      ...env,
    })
    this.#workers.push(started)
    return started
  }

  /** Writes so many more of the events, or all that are left. */
  async write(count = this.events.length - this.#written): Promise<void> {
    await this.installation.sink.write(this.events.slice(this.#written, this.#written + count))
    this.#written += count
  }

  /** Until all that was written is processed and shown. */
  async settled(): Promise<void> {
    try {
      await untilProcessed(this.installation)
      await untilConfirmed(this.installation)
    } catch (error) {
      const said = this.#workers.map(({ log, worker }) => ({ log, states: worker.tasks.map(({ state }) => state) }))
      throw new Error(`${(error as Error).message}; workers: ${JSON.stringify(said)}`, { cause: error })
    }
  }

  /** Each event has its one record, in order; Redis holds what the log holds; changes are those of the records. */
  async expectExactlyOnce(): Promise<void> {
    await this.settled()
    await expectExactlyOnce(this.installation, this.events)
    await expectViewEqualsLog(this.installation)
    await expectChangesFollowRecords(this.installation)
    for (const { worker } of this.#workers) expect(worker.counters.events.drops).toEqual(new Map())
  }

  async stop(running: RunningWorker): Promise<void> {
    await running.worker.stop()
  }

  async close(): Promise<void> {
    for (const { worker } of this.#workers) await worker.stop()
    await this.installation.close()
  }
}
