import { setTimeout as sleep } from 'node:timers/promises'
import { DELTA_TOPICS } from '../schemas/topics.ts'
import { REPORT_INTERVAL_MS } from '../schemas/worker-report.ts'

/** What of /v1/topics is looked at; the API's own tests hold the rest. */
interface TopicsAnswer {
  readonly topics: readonly { readonly topic: string; readonly lag: number }[]
}

/** Resolves when, by the workers' newest reports, all that was scored is counted in windows, too. */
export async function untilCounted(url: string, signal: AbortSignal): Promise<void> {
  let waiting: number
  do {
    // A report may be as old as this.
    await sleep(REPORT_INTERVAL_MS, undefined, { signal })
    const response = await fetch(`${url}/v1/topics`, { signal })
    // Our own API, whose answers are checked against their schema as they go out.
    const { topics } = (await response.json()) as TopicsAnswer
    const deltas = topics.filter(({ topic }) => DELTA_TOPICS.some((delta) => topic === delta))
    waiting = deltas.reduce((sum, { lag }) => sum + lag, 0)
  } while (waiting > 0)
}
