import { expect, test } from 'vitest'
import { ModelNews } from '../../demo/model-news.ts'
import type { Customer } from '../../schemas/avro/customer.ts'
import type { Decision, ServedModel } from '../../schemas/served-model.ts'
import type { TrainingRequest } from '../../schemas/training-request.ts'

const json = (value: object): Buffer => Buffer.from(JSON.stringify(value))
const request = (state: TrainingRequest['state'], progress: number): Buffer =>
  json({ requestId: 'r', state, progress, reasons: [], version: null, at: 0 })
const training = { from: 0, to: 1, examples: 1_200, positives: 500, penalty: 3, leaks: [] }
const decision = (version: string, promoted: boolean): Decision => {
  const reasons = [promoted ? 'better' : 'not better']
  const judged = { champion: null, metrics: null, championMetrics: null, training }
  return { version, at: 0, cause: 'count', promoted, reasons, ...judged }
}
const served = (serving: string | null, decisions: Decision[]): Buffer => {
  const record: ServedModel = { serving, consideredUntil: 0, decisions }
  return json(record)
}
const scoredBy = (lead: string) => ({ lead: { modelVersion: lead }, churn: { modelVersion: 'churn-1' } }) as Customer // all that is read

test('tells of a training, of what it came to, and of the first score by it, once each', () => {
  const lines: string[] = []
  const news = new ModelNews((line) => lines.push(line))
  news.addRequest('default/lead', request('training', 0))
  news.addRequest('default/lead', request('training', 0.4))
  expect(news.progress()).toBe('  training lead 40 %')
  news.addModel('default/lead', served('lead-2', [decision('lead-2', true)]), 1_000)
  news.addRequest('default/lead', request('promoted', 1))
  expect(news.progress()).toBe('')
  expect(news.awaitsScore).toBe(true)
  news.addScore(scoredBy('lead-1'), 10, 1_100)
  news.addScore(scoredBy('lead-2'), 2_020, 1_500)
  expect(news.awaitsScore).toBe(false)
  news.addScore(scoredBy('lead-2'), 2_030, 1_600)
  // What watches a model writes the same decisions again.
  news.addModel('default/lead', served('lead-2', [decision('lead-2', true)]), 2_000)
  news.addModel('default/lead', served('lead-2', [decision('lead-3', false), decision('lead-2', true)]), 3_000)
  expect(lines).toEqual([
    'lead model: a training begins',
    'lead model lead-2 promoted: learned from 1,200 examples; better',
    'lead model lead-2 scores: 0.5 s later, after 2,020 events',
    'lead model lead-3 refused: learned from 1,200 examples; not better',
  ])
  expect(news.serving('lead')).toBe('lead-2')
  expect(news.serving('churn')).toBeNull()
  expect([news.decided('lead'), news.decided('churn')]).toEqual([true, false])
})
