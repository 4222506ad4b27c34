import { writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ensureTopics } from '../../connectors/kafka/topic-admin.ts'
import { Registry } from '../../connectors/registry/registry.ts'
import { startStack } from '../../connectors/stack/stack.ts'
import { cpuSeconds, residentMib } from '../process-usage.ts'
import { type Installed, say, startWorkerProcess } from '../setup.ts'

/*
 * everscore as an engine of the peers' harness, which starts it with BOOTSTRAP, OUT_DIR and FIRST_INPUT_FILE. Beside the
 * harness's broker it starts a registry, Redis and WORKERS workers. It writes the CPU of workers and Redis to
 * OUT_DIR/usage.json, since the harness counts the process tree as one: registry and start-up of the stack with it.
 * The generator writes schema ids 1, 2 and 3; PEER_SCHEMAS is the folder of these schemas. WORKER_SETTINGS: JSON.
 */
const PARTITIONS = 4
/** A sample costs a millisecond of the machine that is measured. */
const SAMPLE_MS = 1_000
/** In the order of the ids that an empty registry gives. */
const WRITTEN = ['interactions', 'transactions', 'surveys'] as const
/** The generator's names of types inside of its schemas, which aren't the catalogue's: no matter to Avro's bytes. */
const RENAMED = { TxType: 'TransactionType', Line: 'OrderLine', Kind: 'SurveyKind' }

function required(name: string): string {
  const value = process.env[name]
  if (!value) throw new Error(`${name} is not set: the peers' harness starts this`)
  return value
}

const outDir = required('OUT_DIR')
const firstInput = required('FIRST_INPUT_FILE')
const stack = await startStack({ env: { ...process.env, KAFKA_BROKERS: required('BOOTSTRAP') }, log: say })
const registry = new Registry(stack.schemaRegistryUrl)
for (const [i, topic] of WRITTEN.entries()) {
  const text = await readFile(join(required('PEER_SCHEMAS'), `${topic}.avsc`), 'utf8')
  const named = Object.entries(RENAMED).reduce((all, [from, to]) => all.replaceAll(`"${from}"`, `"${to}"`), text)
  const id = await registry.register(`${topic}-value`, JSON.parse(named))
  if (id !== i + 1) throw new Error(`${topic} has schema id ${id}: the registry was not empty`)
}
await ensureTopics({ brokers: [stack.kafkaBrokers], clientId: 'peer-engine' }, '', PARTITIONS)

const settings = JSON.parse(process.env['WORKER_SETTINGS'] ?? '{}') as Record<string, string>
const bench: Pick<Installed, 'env'> = { env: { ...stack.env(), PARTITIONS: String(PARTITIONS), ...settings } }
let begun = false
const onLog = (entry: Record<string, unknown>): void => {
  say(JSON.stringify(entry))
  if (begun || entry['message'] !== 'partitions assigned') return
  // Before its first input a worker takes its partitions over: that counts as work.
  begun = true
  writeFileSync(firstInput, String(Date.now()))
}
const workers = Array.from({ length: Number(process.env['WORKERS'] ?? 2) }, () => startWorkerProcess(bench, onLog))
const redisPid = stack.servers.find(({ name }) => name === 'redis')?.pid
let peakWorkerMib = 0
const sampler = setInterval(() => {
  peakWorkerMib = Math.max(
    peakWorkerMib,
    workers.reduce((sum, { pid }) => sum + residentMib(pid), 0),
  )
  const usage = {
    workersSeconds: workers.reduce((sum, { pid }) => sum + cpuSeconds(pid), 0),
    redisSeconds: redisPid ? cpuSeconds(redisPid) : 0,
    redisMib: redisPid ? residentMib(redisPid) : 0,
    peakWorkerMib,
  }
  writeFileSync(join(outDir, 'usage.json'), JSON.stringify(usage))
}, SAMPLE_MS)

const end = (): void => {
  clearInterval(sampler)
  void Promise.all(workers.map((worker) => worker.kill('SIGKILL')))
    .then(() => stack.stop())
    .then(() => process.exit(0))
}
process.once('SIGTERM', end)
process.once('SIGINT', end)
