import { waitUntil } from '../../../connectors/stack/wait-until.ts'

const LONGEST_WAIT_MS = 60_000

/** Asks until the answer is true. @throws naming what was waited for, after a minute */
export async function waitFor(what: string, isTrue: () => boolean | Promise<boolean>): Promise<void> {
  await waitUntil(async () => await isTrue(), { timeoutMs: LONGEST_WAIT_MS, what, everyMs: 25 })
}
