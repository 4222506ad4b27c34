import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { compare } from './against.ts'
import { buildPackage } from './build-package.ts'
import { measureLatency } from './latency.ts'
import { openServers } from './on-servers.ts'
import { HELP, options, type Part } from './options.ts'
import { type ProfileKind, profileWorkers } from './profile/profile-workers.ts'
import { measureRebuild } from './rebuild.ts'
import { ResultLog } from './result-log.ts'
import { measureScale } from './scale.ts'
import { measureScoring } from './scoring-cost.ts'
import { type Bench, machine, say } from './setup.ts'
import { measureTakeover } from './takeover.ts'
import { measureThroughput } from './throughput.ts'
import { measureTimers } from './timers.ts'
import { measureTraining } from './training-cost.ts'

const { smoke, seed, workers, partitions } = options
const PROFILES = new URL('./profiles', import.meta.url).pathname
const servers = openServers(smoke)
const settings = { ...(options.windows === 'off' ? { TASKS: 'customers' } : {}), ...options.settings }
/** A worker that died is noticed soon: the part itself is all that is looked at. */
const HASTY = smoke ? { SESSION_TIMEOUT_MS: '2000', HEARTBEAT_MS: '200' } : {}

const measures: Readonly<Record<Exclude<Part, 'model'>, (bench: Bench) => Promise<unknown>>> = {
  throughput: (bench) =>
    measureThroughput(bench, {
      events: options.events,
      workers: workers ?? 2,
      customers: options.customers ?? 100_000,
      traits: options.traits,
      seed,
    }),
  latency: (bench) => measureLatency(bench, options),
  takeover: (bench) => measureTakeover(bench, { seed, settleMs: smoke ? 500 : 5_000 }),
  timers: (bench) =>
    measureTimers(bench, {
      customers: options.customers ?? (smoke ? 2_000 : 100_000),
      rate: smoke ? 100 : 1_000,
      seconds: smoke ? 2 : 20,
      idleSeconds: smoke ? 1 : 10,
    }),
  rebuild: (bench) => measureRebuild(bench, options.customers ?? (smoke ? 5_000 : 1_000_000)),
}

async function runPart(part: Part): Promise<unknown> {
  if (part !== 'model') {
    return await servers.on(partitions, { ...settings, ...(part === 'takeover' ? HASTY : {}) }, measures[part])
  }
  const [scores, events, examples] = smoke ? [20_000, 2_000, 2_000] : [2_000_000, 50_000, 100_000]
  return { ...measureScoring(scores, events), training: measureTraining(examples) }
}

async function runParts(): Promise<Record<string, unknown>> {
  const report: Record<string, unknown> = { machine: machine(), partitions, seed, settings }
  for (const part of options.parts) {
    say(`bench: ${part}`)
    report[part] = await runPart(part)
    say(JSON.stringify(report[part]))
  }
  return report
}

async function runProfile(kind: ProfileKind, events: number, into: string): Promise<unknown> {
  say(`bench: ${kind} profile`)
  const load = { events, customers: options.customers ?? 100_000, seed }
  const how = { kind, workers: workers ?? 2, load, folder: join(into, kind) }
  return await servers.on(partitions, settings, (bench) => profileWorkers(bench, how))
}

/** All that the benchmark can do, small. Profiles that somebody looks at stay. */
async function runSmall(): Promise<unknown> {
  const report = await runParts()
  const folder = mkdtempSync(join(tmpdir(), 'everscore-profiles-'))
  try {
    const [cpu, heap] = [await runProfile('cpu', 5_000, folder), await runProfile('heap', 5_000, folder)]
    return { ...report, profiles: { cpu, heap } }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

async function runPairs(peers: string): Promise<unknown> {
  const results = await compare({ ...options, peers })
  if (options.out !== null) {
    const log = new ResultLog(options.out)
    for (const result of results) log.add('against', result.mode, result)
  }
  return results
}

async function run(): Promise<unknown> {
  if (options.parts.some((part) => part !== 'model')) buildPackage()
  if (options.scale) return await measureScale(options, servers)
  if (options.profile !== null) return await runProfile(options.profile, options.events, PROFILES)
  if (options.against !== null) return await runPairs(options.against)
  return smoke ? await runSmall() : await runParts()
}

if (options.help) process.stdout.write(HELP)
else {
  try {
    process.stdout.write(`${JSON.stringify(await run())}\n`)
  } finally {
    await servers.stop()
  }
}
