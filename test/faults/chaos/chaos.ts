// `npm run chaos`: breaks everscore in every way it can, and has an oracle judge what is left.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { runChaos } from './run-chaos.ts'

const HELP = `npm run chaos -- [--minutes M] [--seed S] [--workers N] [--rate R]

Starts the real servers, workers and a steady load, breaks them by a schedule that the seed decides, and compares all that
is left with an oracle. The last line of output is one JSON object; the exit code is 0 only if nothing was wrong.

  --minutes M   how long faults go on, at least until each was there once (10)
  --seed S      a whole number; without it a random one, which is printed
  --workers N   worker processes (3)
  --rate R      records a second (400)
`
const FINDINGS_SHOWN = 20

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1_000_000)) },
    workers: { type: 'string', default: '3' },
    rate: { type: 'string', default: '400' },
    help: { type: 'boolean', default: false },
  },
})

if (values.help) process.stdout.write(HELP)
else process.exitCode = await run()

async function run(): Promise<number> {
  const options = {
    minutes: positive('minutes', values.minutes),
    seed: Math.floor(positive('seed', values.seed)),
    workers: Math.floor(positive('workers', values.workers)),
    rate: positive('rate', values.rate),
  }
  const folder = await mkdtemp(join(tmpdir(), `everscore-chaos-${options.seed}-`))
  const startedAt = performance.now()
  const say = (line: string): void => {
    const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1).padStart(6)
    process.stderr.write(`${seconds} ${line}\n`)
  }
  say(`seed ${options.seed}; logs and data in ${folder}`)
  try {
    const { figures, findings, crashes } = await runChaos({ ...options, folder, say })
    for (const text of crashes) say(text)
    for (const { kind, text } of findings.slice(0, FINDINGS_SHOWN)) say(`${kind}: ${text}`)
    if (findings.length > 0) await writeFile(join(folder, 'findings.json'), JSON.stringify(findings, null, 2))
    const well = findings.length === 0 && crashes.length === 0
    if (well) await rm(folder, { recursive: true, force: true })
    else sayHowToRepeat(say, options, folder)
    process.stdout.write(`${JSON.stringify({ ...options, ...figures })}\n`)
    return well ? 0 : 1
  } catch (error) {
    say(error instanceof Error ? (error.stack ?? error.message) : String(error))
    sayHowToRepeat(say, options, folder)
    return 1
  }
}

function sayHowToRepeat(say: (line: string) => void, options: Record<string, number>, folder: string): void {
  const flags = Object.entries(options).map(([name, value]) => `--${name} ${value}`)
  say(`FAILED. Again: npm run chaos -- ${flags.join(' ')}`)
  say(`findings, logs and all topics stay in ${folder}`)
}

function positive(name: string, text: string): number {
  const number = Number(text)
  if (Number.isFinite(number) && number > 0) return number
  process.stderr.write(`--${name} must be above 0, not ${text}\n`)
  process.exit(2)
}
