import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { splitsOfPurchases } from '../../bench/accuracy/prequential.ts'
import { readPurchases } from '../../bench/accuracy/retail.ts'
import { readTelco, TELCO_FILE } from '../../bench/accuracy/tables.ts'
import { DEMO_FILE } from '../../demo/simulator/demo-events.ts'
import { evaluate } from '../../training/evaluate.ts'
import { seededRandom } from '../../training/random.ts'
import { splitStratified } from '../../training/split.ts'
import { trainModel } from '../../training/train-model.ts'

describe('accuracy on unseen examples', () => {
  it('of Telco churn: the mean AUC of five splits is at least .845, and probabilities are rates', async () => {
    const examples = await readTelco(TELCO_FILE)
    expect(examples).toHaveLength(7043)
    const measured = [0, 1, 2, 3, 4].map((seed) => {
      const { train, test } = splitStratified(examples, 0.3, seededRandom(seed))
      return evaluate(trainModel(train, { name: 'telco', kind: 'churn', version: `telco-${seed}` }), test)
    })
    const mean = (of: 'auc' | 'calibrationError') => measured.reduce((sum, each) => sum + each[of], 0) / measured.length
    expect(mean('auc')).toBeGreaterThanOrEqual(0.845)
    expect(mean('calibrationError')).toBeLessThanOrEqual(0.03)
  }, 120_000)

  it('of repurchase, learned from what was known before: AUC .822, Brier .162, calibration .03', async () => {
    const measured = splitsOfPurchases(await readPurchases(fileURLToPath(DEMO_FILE)))
    expect(measured).toHaveLength(2)
    // Asked for of the model that is trained once.
    expect(measured[0]!.metrics.auc).toBeGreaterThanOrEqual(0.822)
    for (const { metrics } of measured) {
      expect(metrics.calibrationError).toBeLessThanOrEqual(0.03)
      expect(metrics.brier).toBeLessThanOrEqual(0.145)
      expect(metrics.auc).toBeGreaterThanOrEqual(0.82)
    }
  }, 120_000)
})
