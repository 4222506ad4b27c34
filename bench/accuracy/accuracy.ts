import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { readInvoices } from '../../demo/books/read-invoices.ts'
import { DEMO_FILE } from '../../demo/simulator/demo-events.ts'
import type { ModelMetrics } from '../../schemas/model.ts'
import { evaluate } from '../../training/evaluate.ts'
import { seededRandom } from '../../training/random.ts'
import { splitStratified } from '../../training/split.ts'
import { trainModel } from '../../training/train-model.ts'
import { machine, say as progress, startBench, stopBench } from '../setup.ts'
import { cohortOf, type Table } from './cohort.ts'
import { compareWithInProcess } from './compare-with-in-process.ts'
import { splitsOfPurchases } from './prequential.ts'
import { PURCHASES_SETTINGS, purchasesThroughTopics } from './purchases-through-topics.ts'
import { readPurchases } from './retail.ts'
import { readLeads, readTelco, TELCO_FILE } from './tables.ts'
import { throughTopics } from './through-topics.ts'

/*
 * How good models are on examples that they haven't learned from.
 * Usage: npm run accuracy -- [--data FOLDER] [--splits 10] [--through-topics]
 * The folder may hold leads_xeducation.csv.gz, telco_churn.csv and online_retail.csv.gz; what it lacks is taken from what
 * ships with the project, or left out. With --through-topics leads and churn go through servers, worker and trainer, each
 * split as a tenant of its own, and purchases through servers and a worker, beside the same computed here.
 */
const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    splits: { type: 'string', default: '10' },
    'through-topics': { type: 'boolean', default: false },
  },
})

const splits = Number(values.splits)
const seeds = Array.from({ length: splits }, (_, seed) => seed)

const say = (line: string): void => {
  process.stdout.write(`${line}\n`)
}

function fileOf(name: string, shipped?: string): string | undefined {
  const given = values.data === undefined ? undefined : join(values.data, name)
  return given !== undefined && existsSync(given) ? given : shipped
}

const MEASURES = ['auc', 'logLoss', 'brier', 'calibrationError'] as const

function summary(measured: readonly ModelMetrics[]): string {
  return MEASURES.map((measure) => {
    const numbers = measured.map((each) => each[measure])
    const mean = numbers.reduce((sum, each) => sum + each, 0) / numbers.length
    const deviation = Math.sqrt(
      numbers.reduce((sum, each) => sum + (each - mean) ** 2, 0) / Math.max(1, numbers.length - 1),
    )
    const spread =
      numbers.length > 1
        ? ` ± ${deviation.toFixed(4)} (${Math.min(...numbers).toFixed(4)} to ${Math.max(...numbers).toFixed(4)})`
        : ''
    return `${measure} ${mean.toFixed(4)}${spread}`
  }).join(', ')
}

function measureStratified({ name, kind, examples }: Table): void {
  const measured = seeds.map((seed) => {
    const { train, test } = splitStratified(examples, 0.3, seededRandom(seed))
    return evaluate(trainModel(train, { name, kind, version: `${name}-${seed}` }), test)
  })
  sayMeasured(name, examples.length, measured)
}

function sayMeasured(name: string, examples: number, measured: readonly ModelMetrics[]): void {
  say(`${name}: ${examples} examples, ${splits} stratified 70/30 splits (seeds 0 to ${splits - 1})`)
  say(`  ${summary(measured)}`)
}

/** Tables through topics, and the same work done here: the figures must be the same. */
async function measureThroughTopics(tables: readonly Table[]): Promise<void> {
  const cohorts = tables.map((table) => seeds.map((seed) => cohortOf(table, seed)))
  const bench = await startBench(4, {}, { default: PURCHASES_SETTINGS })
  const began = performance.now()
  const tell = (line: string) => progress(`${((performance.now() - began) / 1_000).toFixed(0)} s: ${line}`)
  try {
    const replayed = await throughTopics(bench, cohorts.flat(), tell)
    tables.forEach(({ name, examples }, i) => {
      const own = replayed.slice(i * splits, (i + 1) * splits)
      const compared = cohorts[i]!.map((cohort, seed) => compareWithInProcess(cohort, own[seed]!))
      sayMeasured(`${name} through topics`, examples.length, column(compared, 'throughTopics'))
      say(`  in process ${summary(column(compared, 'inProcess'))}`)
      const largest = Math.max(...column(compared, 'largestDifference'))
      say(`  largest difference of a probability ${largest.toExponential(1)}`)
    })
    tell('purchases')
    const purchases = await readPurchases(invoices)
    const replayedPurchases = await purchasesThroughTopics(bench, purchases, await readInvoices(invoices))
    const { examples, metrics, largestDifference } = replayedPurchases
    say(`repurchase within 90 days, trained once, at half of the time, through topics: ${examples} unseen purchases`)
    say(`  ${summary([metrics])}`)
    say(`  largest difference of a probability from the same model here ${largestDifference.toExponential(1)}`)
  } finally {
    await stopBench(bench)
  }
}

function column<T, K extends keyof T>(rows: readonly T[], name: K): T[K][] {
  return rows.map((row) => row[name])
}

say(machine())
const tables: Table[] = []
const invoices = fileOf('online_retail.csv.gz', fileURLToPath(DEMO_FILE))!
const leads = fileOf('leads_xeducation.csv.gz')
if (leads !== undefined) tables.push({ name: 'x-education', kind: 'lead', examples: await readLeads(leads) })
tables.push({ name: 'telco', kind: 'churn', examples: await readTelco(fileOf('telco_churn.csv', TELCO_FILE)!) })
if (values['through-topics']) await measureThroughTopics(tables)
else {
  tables.forEach(measureStratified)
  for (const { name, examples, metrics } of splitsOfPurchases(await readPurchases(invoices))) {
    say(`repurchase within 90 days, ${name}: ${examples} unseen purchases`)
    say(`  ${summary([metrics])}`)
  }
}
