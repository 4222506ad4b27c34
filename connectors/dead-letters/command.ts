import { AppError, messageOf } from '../../schemas/errors.ts'
import type { InputTopic } from '../../schemas/topics.ts'
import { type DlqCommand, HELP, type LetterPlace, parseDlqArgs } from './command-options.ts'
import { describeCounts, LetterCounts } from './count-letters.ts'
import type { OpenRange } from './dead-letter-log.ts'
import { describeLetter } from './describe-letter.ts'
import { type Filter, fits } from './filter.ts'
import { type ReplayPorts, replayLetters } from './replay-letters.ts'

export interface DlqPorts extends ReplayPorts {
  /** @throws AppError INPUT_INVALID when the partition stands elsewhere */
  readonly skip: (place: LetterPlace & { readonly topic: InputTopic }) => Promise<void>
  readonly close: () => Promise<void>
}

export interface DlqCommandDeps {
  /** Called once, after the arguments were found to be good. */
  readonly open: () => Promise<DlqPorts>
  readonly stdout: { write(text: string): unknown }
  readonly stderr: { write(text: string): unknown }
  readonly now: () => number
}

const EXIT = { done: 0, failed: 1 } as const

/** `everscore dlq`. @returns the exit code @throws AppError USAGE */
export async function runDlqCommand(args: readonly string[], deps: DlqCommandDeps): Promise<number> {
  const { stdout, stderr } = deps
  const command = parseDlqArgs(args, deps.now())
  if (command.name === 'help') {
    stdout.write(HELP)
    return EXIT.done
  }
  let ports: DlqPorts | null = null
  try {
    ports = await deps.open()
    return await run(command, ports, deps)
  } catch (error) {
    stderr.write(`dlq: ${messageOf(error)} (${error instanceof AppError ? error.code : 'INTERNAL'})\n`)
    return EXIT.failed
  } finally {
    await ports?.close()
  }
}

async function run(
  command: Exclude<DlqCommand, { name: 'help' }>,
  ports: DlqPorts,
  { stdout, stderr }: DlqCommandDeps,
): Promise<number> {
  switch (command.name) {
    case 'ls':
      stdout.write(await list(ports, command.filter))
      return EXIT.done
    case 'show':
      stdout.write(await show(ports, command.letter))
      return EXIT.done
    case 'drop':
      stdout.write(await drop(ports, command.upTo))
      return EXIT.done
    case 'skip': {
      const { topic, partition, offset } = command
      await ports.skip({ topic, partition, offset })
      stdout.write(`${topic}/${partition}/${offset} is in dead-letters now; its partition goes on at its next try\n`)
      return EXIT.done
    }
    case 'replay': {
      const { sent, kept, reasons } = await replayLetters(
        ports,
        await ports.log.ranges(),
        command.filter,
        command.dryRun,
      )
      for (const reason of reasons) stderr.write(`kept ${reason}\n`)
      if (kept > reasons.length) stderr.write(`kept ${kept - reasons.length} more\n`)
      stdout.write(`${sent} ${command.dryRun ? 'would be sent' : 'sent'}, ${kept} kept\n`)
      return kept > 0 ? EXIT.failed : EXIT.done
    }
  }
}

async function list({ log }: DlqPorts, filter: Filter): Promise<string> {
  const counts = new LetterCounts()
  let total = 0
  for (const range of await log.ranges()) {
    for await (const letters of log.read(range)) {
      for (const letter of letters) {
        if (!fits(letter, filter)) continue
        total++
        counts.add(letter)
      }
    }
  }
  return `${describeCounts(counts.all)}${total} dead letters\n`
}

async function show(ports: DlqPorts, { partition, offset }: LetterPlace): Promise<string> {
  const range = partitionOf(await ports.log.ranges(), partition)
  if (offset >= range.start && offset < range.end) {
    // Also one that is done with, as long as the topic has it.
    for await (const letters of ports.log.read({ ...range, done: offset, end: offset + 1 })) {
      const letter = letters.find((each) => each.offset === offset)
      if (letter !== undefined) return await describeLetter(letter, ports.codecs)
    }
  }
  throw new AppError('NOT_FOUND', `there is no letter ${partition}/${offset}`)
}

async function drop(ports: DlqPorts, upTo: LetterPlace | null): Promise<string> {
  const ranges = await ports.log.ranges()
  const chosen = upTo === null ? ranges : [partitionOf(ranges, upTo.partition)]
  const marks = new Map<number, number>()
  let dropped = 0
  for (const range of chosen) {
    const end = upTo === null ? range.end : upTo.offset + 1
    if (end > range.end) throw new AppError('NOT_FOUND', `there is no letter ${range.partition}/${end - 1}`)
    for await (const letters of ports.log.read({ ...range, end })) dropped += letters.length
    if (end > range.done) marks.set(range.partition, end)
  }
  await ports.log.mark(marks)
  return `${dropped} dropped\n`
}

function partitionOf(ranges: readonly OpenRange[], partition: number): OpenRange {
  const range = ranges.find((each) => each.partition === partition)
  if (range === undefined) throw new AppError('NOT_FOUND', `dead-letters has no partition ${partition}`)
  return range
}
