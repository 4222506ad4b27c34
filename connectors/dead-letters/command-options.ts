import type { ParseArgsConfig } from 'node:util'
import { parseCommandArgs, usageError } from '../../schemas/command-args.ts'
import { INPUT_TOPICS, type InputTopic } from '../../schemas/topics.ts'
import type { Filter } from './filter.ts'

export const HELP = `everscore dlq COMMAND: the records that could not be processed, in the topic dead-letters.

  ls      [FILTER]                     how many, by topic, stage and reason
  show    PARTITION/OFFSET             one letter: its headers, key and value
  replay  FILTER|--all [--dry-run]     send them to the topics they came from
  drop    PARTITION/OFFSET|--all       they are done with, up to and with that letter of its partition
  skip    TOPIC/PARTITION/OFFSET       put the record at which a partition stands still into dead-letters

FILTER, all that are given must fit:
  --reason CODE     --stage NAME     --topic NAME (of the record)
  --since TIME      written since: 2026-01-31, 2026-01-31T12:00:00Z, or 90s, 30m, 6h, 7d ago
  --letter PARTITION/OFFSET

PARTITION/OFFSET is the letter's place in dead-letters; ls shows the newest of each line. What is done is kept as the
offsets of the group <app>-dlq; the letters themselves stay in the topic until its retention ends. A replay marks letters
as done as far as it sent all of them from the first on.
Exit code: 0 done, 1 failed or some letters can't be sent, 2 wrong usage.
`

export interface LetterPlace {
  readonly partition: number
  readonly offset: number
}

export type DlqCommand =
  | { readonly name: 'help' }
  | { readonly name: 'ls'; readonly filter: Filter }
  | { readonly name: 'show'; readonly letter: LetterPlace }
  | { readonly name: 'replay'; readonly filter: Filter; readonly dryRun: boolean }
  | { readonly name: 'drop'; readonly upTo: LetterPlace | null }
  | { readonly name: 'skip'; readonly topic: InputTopic; readonly partition: number; readonly offset: number }

const OPTIONS = {
  reason: { type: 'string' },
  stage: { type: 'string' },
  topic: { type: 'string' },
  since: { type: 'string' },
  letter: { type: 'string' },
  all: { type: 'boolean', default: false },
  'dry-run': { type: 'boolean', default: false },
} as const satisfies ParseArgsConfig['options']

const FILTERS = ['reason', 'stage', 'topic', 'since', 'letter'] as const
/** Options and positional arguments that go with each command. */
const TAKES: Readonly<Record<string, { readonly options: readonly string[]; readonly place: string | null }>> = {
  ls: { options: FILTERS, place: null },
  show: { options: [], place: 'PARTITION/OFFSET' },
  replay: { options: [...FILTERS, 'all', 'dry-run'], place: null },
  drop: { options: ['all'], place: 'PARTITION/OFFSET' },
  skip: { options: [], place: 'TOPIC/PARTITION/OFFSET' },
}

/** @throws AppError USAGE naming the argument */
export function parseDlqArgs(args: readonly string[], now: number): DlqCommand {
  const { values, positionals } = parse(args)
  const [name, place, ...more] = positionals
  if (values.help || name === undefined) return { name: 'help' }
  const takes = TAKES[name]
  if (takes === undefined) throw usageError('COMMAND', `must be one of ${Object.keys(TAKES).join(', ')}, not ${name}`)
  for (const option of Object.keys(OPTIONS) as (keyof typeof OPTIONS)[]) {
    const isGiven = values[option] !== undefined && values[option] !== false
    if (isGiven && !takes.options.includes(option)) throw usageError(`--${option}`, `does not go with ${name}`)
  }
  if (more.length > 0 || (takes.place === null && place !== undefined)) {
    throw usageError(more[0] ?? place!, `is one argument too many for ${name}`)
  }
  const filter = filterOf(values, now)
  const isFiltered = Object.keys(filter).length > 0
  switch (name) {
    case 'ls':
      return { name, filter }
    case 'replay':
      if (isFiltered === values.all) throw usageError('replay', 'takes either a filter or --all')
      return { name, filter, dryRun: values['dry-run'] }
    case 'drop':
      if ((place === undefined) !== values.all) throw usageError('drop', 'takes either PARTITION/OFFSET or --all')
      return { name, upTo: place === undefined ? null : letterPlace('PARTITION/OFFSET', place) }
    case 'show':
      return { name, letter: letterPlace('PARTITION/OFFSET', place) }
    default:
      return { name: 'skip', ...recordPlace(place) }
  }
}

function parse(args: readonly string[]) {
  return parseCommandArgs(args, { options: OPTIONS, allowPositionals: true })
}

type Values = ReturnType<typeof parse>['values']

function filterOf({ reason, stage, topic, since, letter }: Values, now: number): Filter {
  return {
    ...(reason === undefined ? {} : { reason }),
    ...(stage === undefined ? {} : { stage }),
    ...(topic === undefined ? {} : { topic: inputTopic('--topic', topic) }),
    ...(since === undefined ? {} : { since: timeOf(since, now) }),
    ...(letter === undefined ? {} : { letter: letterPlace('--letter', letter) }),
  }
}

const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

function timeOf(text: string, now: number): number {
  const [, count, unit] = /^(\d{1,9})([smhd])$/.exec(text) ?? []
  if (count !== undefined && unit !== undefined) return now - Number(count) * UNIT_MS[unit]!
  const isDate = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d))?$/.test(text)
  const time = isDate ? Date.parse(text) : Number.NaN
  if (Number.isNaN(time))
    throw usageError('--since', `must be a date, a time with its zone, or a span like 6h, not ${text}`)
  return time
}

function letterPlace(argument: string, text: string | undefined): LetterPlace {
  const [, partition, offset] = /^(\d{1,6})\/(\d{1,15})$/.exec(text ?? '') ?? []
  if (partition === undefined || offset === undefined) {
    throw usageError(argument, text === undefined ? 'is missing' : `must be like 3/1042, not ${text}`)
  }
  return { partition: Number(partition), offset: Number(offset) }
}

function recordPlace(text: string | undefined): LetterPlace & { readonly topic: InputTopic } {
  const argument = 'TOPIC/PARTITION/OFFSET'
  const [, topic, partition, offset] = /^([^/]*)\/(\d{1,6})\/(\d{1,15})$/.exec(text ?? '') ?? []
  if (topic === undefined || partition === undefined || offset === undefined) {
    throw usageError(argument, text === undefined ? 'is missing' : `must be like surveys/3/1042, not ${text}`)
  }
  return { topic: inputTopic(argument, topic), partition: Number(partition), offset: Number(offset) }
}

function inputTopic(argument: string, text: string): InputTopic {
  const topic = INPUT_TOPICS.find((each) => each === text)
  if (topic === undefined) throw usageError(argument, `must name one of ${INPUT_TOPICS.join(', ')}, not ${text}`)
  return topic
}
