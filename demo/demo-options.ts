import { parseCommandArgs, usageError } from '../schemas/command-args.ts'

export const HELP = `everscore demo [options]: runs everything on a year of real purchases, and shows it

Starts Kafka, the schema registry and Redis (or uses KAFKA_BROKERS, SCHEMA_REGISTRY_URL and REDIS_URL), a worker, a trainer
and the API; sends the invoices of the Online Retail log, and simulated visits, mails, survey answers and leads with their
outcomes around them; models are trained, promoted and swapped meanwhile; then keeps serving until Ctrl-C. On servers that were given, everything has a prefix of its own and is removed at the end.

  --once      check the books, print one JSON line as the last line, exit; not 0 if they don't balance (demo/books/README.md)
  --limit N   the first N invoices only
  --seed N    of the simulation and of the choice of the 500 customers that are recomputed (1)
  --help

The JSON line: inputs by topic, scored, changes, deadLetters, duplicates, customers, recomputed, swaps (of a model),
recomputedAtSwaps (records of the recomputed customers around them), mismatches,
eventsPerSecond (backlog: from the first event sent to the last score that a read_committed reader has),
npsResults, nps and answers (since ever), crossSellPairs, thresholdsVersion, segments and tiers (customers in each),
p50Ms and p99Ms (2,000 more events at 200 a second: from handing an event to the producer to its score at that reader).
`

export interface DemoOptions {
  readonly once: boolean
  /** Null: all invoices. */
  readonly limit: number | null
  readonly seed: number
}

/** Null: help is asked for. @throws AppError USAGE naming the option */
export function parseDemoOptions(args: readonly string[]): DemoOptions | null {
  const { values } = parseCommandArgs(args, {
    options: {
      once: { type: 'boolean', default: false },
      limit: { type: 'string' },
      seed: { type: 'string', default: '1' },
    },
  })
  const { once, limit, seed, help } = values
  if (help) return null
  return { once, limit: limit === undefined ? null : whole('--limit', limit, 1), seed: whole('--seed', seed, 0) }
}

function whole(option: string, text: string, least: number): number {
  const number = Number(text)
  if (/^\d+$/.test(text) && Number.isSafeInteger(number) && number >= least) return number
  throw usageError(option, `must be a whole number of at least ${least}, not ${text}`)
}
