import { expect, test } from 'vitest'
import { countTests } from '../../scripts/count-tests.ts'

const file = (status: string, ...tests: string[]) => ({
  status,
  assertionResults: tests.map((each) => ({ status: each })),
})

test('sums tests over files; a skipped one is neither', () => {
  const report = { testResults: [file('passed', 'passed', 'skipped'), file('failed', 'failed', 'passed')] }
  expect(countTests(report, 1)).toEqual({ passed: 2, failed: 1 })
})

test('a file that did not load is a failure', () => {
  expect(countTests({ testResults: [file('failed'), file('passed', 'passed')] }, 1)).toEqual({ passed: 1, failed: 1 })
})

test('a run that ends badly without a failed test is a failure', () => {
  expect(countTests({ testResults: [file('passed', 'passed')] }, 1)).toEqual({ passed: 1, failed: 1 })
})

test('no report and no tests are failures', () => {
  expect(countTests(null, 1)).toEqual({ passed: 0, failed: 1 })
  expect(countTests({ testResults: [] }, 0)).toEqual({ passed: 0, failed: 1 })
})
