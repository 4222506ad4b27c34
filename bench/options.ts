import { parseArgs } from 'node:util'
import type { ProfileKind } from './profile/profile-workers.ts'

export const HELP = `npm run bench -- [options]

Parts: throughput, latency, takeover, timers and rebuild, each on servers of its own, and model: CPU of a score, of an event
with learned models, and of a training of 100,000 examples × 50 features, in this process. Progress goes to stderr, one JSON object to
stdout.

  --only NAME       one part
  --events N        backlog to work off (1,000,000)
  --workers N       worker processes on a backlog (2); at a fixed rate there is one
  --partitions N    (4)
  --customers N     of the backlog and with timers (100,000); of the rebuild (1,000,000)
  --traits N        of each customer; all customers are known before then (not known, no traits)
  --windows off     count no windows and populations in these workers (on)
  --rates A,B       events a second for the latency part (2000,10000,3)
  --seconds N       of each rate (30)
  --warm N          seconds before that, at the same rate, that are not counted (30); 0: with processes that still compile
  --set NAME=VALUE  environment of the workers; may be repeated
  --seed N          (42)
  --smoke           all parts small: checks that the benchmark works, measures nothing

Other things to do:

  --profile KIND    cpu or heap (all allocations): workers on a backlog under the profiler; profiles, a flat table and a flame
                    graph in bench/profiles
  --against FOLDER  everscore and a peer in turns, through the harness in that folder; a built copy of it is kept in .everscore
  --pairs N         of each mode (5)
  --modes A,B       throughput, latency (both)
  --peer-set NAME=VALUE  environment of the peer; may be repeated
  --scale           all that docs/performance.md tells: throughput by workers, partitions, customers, traits and windows,
                    latency, takeover and rebuild; with --against the pairs, too. Results go to bench/results, one file a
                    kind; then: npm run generate. With --only, that part of it
  --reduced         with --scale: at most 1,000,000 customers, shorter runs, two pairs
  --out FOLDER      another folder than bench/results; with --against alone: keep the pairs there
`

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    events: { type: 'string' },
    workers: { type: 'string' },
    partitions: { type: 'string', default: '4' },
    customers: { type: 'string' },
    traits: { type: 'string' },
    windows: { type: 'string', default: 'on' },
    rates: { type: 'string' },
    seconds: { type: 'string' },
    warm: { type: 'string' },
    set: { type: 'string', multiple: true, default: [] },
    seed: { type: 'string', default: '42' },
    smoke: { type: 'boolean', default: false },
    profile: { type: 'string' },
    against: { type: 'string' },
    pairs: { type: 'string' },
    modes: { type: 'string', default: 'throughput,latency' },
    'peer-set': { type: 'string', multiple: true, default: [] },
    scale: { type: 'boolean', default: false },
    reduced: { type: 'boolean', default: false },
    out: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
})

const PARTS = ['throughput', 'latency', 'takeover', 'timers', 'rebuild', 'model'] as const
export type Part = (typeof PARTS)[number]
/** Those of which docs/performance.md tells. */
const SCALE_PARTS: readonly Part[] = ['throughput', 'latency', 'takeover', 'rebuild']

const { smoke, scale, reduced } = values

/** The command line of the benchmark; an option that makes no sense ends the process. */
export const options = {
  help: values.help,
  smoke,
  scale,
  reduced,
  out: values.out ?? null,
  parts: values.only === undefined ? PARTS : [oneOf('only', values.only, scale ? SCALE_PARTS : PARTS)],
  profile: values.profile === undefined ? null : oneOf<ProfileKind>('profile', values.profile, ['cpu', 'heap']),
  against: values.against ?? null,
  modes: values.modes.split(',').map((mode) => oneOf('modes', mode, ['throughput', 'latency'] as const)),
  pairs: count('pairs', values.pairs) ?? (reduced ? 2 : 5),
  events: count('events', values.events) ?? (smoke ? 20_000 : 1_000_000),
  workers: count('workers', values.workers),
  partitions: count('partitions', values.partitions)!,
  customers: count('customers', values.customers),
  traits: count('traits', values.traits),
  windows: oneOf('windows', values.windows, ['on', 'off'] as const),
  rates: (values.rates ?? (smoke ? '500' : '2000,10000,3')).split(',').map((rate) => count('rates', rate)!),
  seconds: count('seconds', values.seconds) ?? (smoke ? 3 : 30),
  warmSeconds: count('warm', values.warm) ?? (smoke ? 1 : 30),
  settings: pairsOf('set', values.set),
  peerSettings: pairsOf('peer-set', values['peer-set']),
  seed: count('seed', values.seed)!,
}
export type Options = typeof options

function fail(message: string): never {
  process.stderr.write(`${message}\n\n${HELP}`)
  process.exit(2)
}

function oneOf<const T extends string>(option: string, value: string, choices: readonly T[]): T {
  return choices.find((choice) => choice === value) ?? fail(`--${option} must be one of ${choices.join(', ')}`)
}

function count(option: string, value: string | undefined): number | null {
  if (value === undefined) return null
  return /^\d+$/.test(value) ? Number(value) : fail(`--${option} must be a whole number, not ${value}`)
}

function pairsOf(option: string, values: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    values.map((value) => {
      const at = value.indexOf('=')
      return at > 0 ? [value.slice(0, at), value.slice(at + 1)] : fail(`--${option} must be NAME=VALUE, not ${value}`)
    }),
  )
}
