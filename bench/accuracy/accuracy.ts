import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { DEMO_FILE } from '../../demo/simulator/demo-events.ts'
import type { ModelMetrics } from '../../schemas/model.ts'
import { evaluate } from '../../training/evaluate.ts'
import type { TrainingExample } from '../../training/example.ts'
import { seededRandom } from '../../training/random.ts'
import { splitStratified } from '../../training/split.ts'
import { trainModel } from '../../training/train-model.ts'
import { machine } from '../setup.ts'
import { splitsOfPurchases } from './prequential.ts'
import { readPurchases } from './retail.ts'
import { readLeads, readTelco, TELCO_FILE } from './tables.ts'

/*
 * How good models are on examples that they haven't learned from.
 * Usage: npm run accuracy -- [--data FOLDER] [--splits 10]
 * The folder may hold leads_xeducation.csv.gz, telco_churn.csv and online_retail.csv.gz; what it lacks is taken from what
 * ships with the project, or left out.
 */
const { values } = parseArgs({ options: { data: { type: 'string' }, splits: { type: 'string', default: '10' } } })

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

function measureStratified(name: string, examples: readonly TrainingExample[]): void {
  const splits = Number(values.splits)
  const measured = Array.from({ length: splits }, (_, seed) => {
    const { train, test } = splitStratified(examples, 0.3, seededRandom(seed))
    return evaluate(trainModel(train, { name, kind: 'lead', version: `${name}-${seed}` }), test)
  })
  say(`${name}: ${examples.length} examples, ${splits} stratified 70/30 splits (seeds 0 to ${splits - 1})`)
  say(`  ${summary(measured)}`)
}

say(machine())
const leads = fileOf('leads_xeducation.csv.gz')
if (leads !== undefined) measureStratified('x-education', await readLeads(leads))
measureStratified('telco', await readTelco(fileOf('telco_churn.csv', TELCO_FILE)!))
const purchases = await readPurchases(fileOf('online_retail.csv.gz', fileURLToPath(DEMO_FILE))!)
for (const { name, examples, metrics } of splitsOfPurchases(purchases)) {
  say(`repurchase within 90 days, ${name}: ${examples} unseen purchases`)
  say(`  ${summary([metrics])}`)
}
