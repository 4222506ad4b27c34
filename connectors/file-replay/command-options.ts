import type { ParseArgsConfig } from 'node:util'
import { parseCommandArgs, usageError } from '../../schemas/command-args.ts'
import { TENANT_ID_PATTERN } from '../../schemas/partition.ts'
import { parseRate, type Rate } from './rate.ts'
import { SHIPPED_MAPPINGS } from './shipped-mappings.ts'

export const HELP = `everscore replay FILE… --mapping NAME|FILE [options]

Writes the lines of CSV or NDJSON files, plain or gzip, as events into the input topics.

  --mapping NAME|FILE  how lines become events: ${SHIPPED_MAPPINGS.join(', ')}, or a mapping file (docs/mappings.md)
  --tenant ID          instead of the mapping's tenant
  --rate RATE          max (default), 500/s, or 3600x: event time scaled, an hour a second
  --batch N            events written together (2000)
  --state PATH         progress file (FILE.everscore-progress); one FILE only
  --restart            ignore the progress of an earlier replay
  --rejects PATH       rejected lines as NDJSON (FILE.rejected.ndjson); one FILE only
  --dry-run            count and reject only; needs no Kafka
  --help

A replay that was stopped goes on where it was when the same command runs again: one batch at most is written
twice, with the same event ids, which the workers drop. Lines that make no event are listed with line number
and reason; the replay goes on. Exit code: 0 done, 1 failed, 2 wrong usage, 130 stopped.
`

const OPTIONS = {
  mapping: { type: 'string' },
  tenant: { type: 'string' },
  rate: { type: 'string', default: 'max' },
  batch: { type: 'string', default: '2000' },
  state: { type: 'string' },
  restart: { type: 'boolean', default: false },
  rejects: { type: 'string' },
  'dry-run': { type: 'boolean', default: false },
} as const satisfies ParseArgsConfig['options']

export interface ReplayCommandOptions {
  readonly paths: readonly string[]
  readonly mapping: string
  readonly tenant: string | undefined
  readonly rate: Rate
  readonly batchEvents: number
  readonly statePath: string | undefined
  readonly restart: boolean
  readonly rejectsPath: string | undefined
  readonly isDryRun: boolean
}

/** Null: help is asked for. @throws AppError USAGE naming the option */
export function parseReplayArgs(args: readonly string[]): ReplayCommandOptions | null {
  const { values, positionals } = parseCommandArgs(args, { options: OPTIONS, allowPositionals: true })
  if (values.help) return null
  if (positionals.length === 0) throw usageError('FILE', 'is missing')
  if (values.mapping === undefined) throw usageError('--mapping', 'is missing')
  if (values.tenant !== undefined && !TENANT_ID_PATTERN.test(values.tenant)) {
    throw usageError('--tenant', `must match ${TENANT_ID_PATTERN.source}, not ${JSON.stringify(values.tenant)}`)
  }
  for (const option of ['state', 'rejects'] as const) {
    if (values[option] !== undefined && positionals.length > 1)
      throw usageError(`--${option}`, 'goes with one FILE only')
  }
  const batchEvents = Number(values.batch)
  if (!Number.isInteger(batchEvents) || batchEvents < 1 || batchEvents > 100_000) {
    throw usageError('--batch', 'must be 1 to 100000')
  }
  return {
    paths: positionals,
    mapping: values.mapping,
    tenant: values.tenant,
    rate: parseRate(values.rate),
    batchEvents,
    statePath: values.state,
    restart: values.restart,
    rejectsPath: values.rejects,
    isDryRun: values['dry-run'],
  }
}
