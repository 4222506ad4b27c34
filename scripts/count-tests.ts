/** The part of vitest's JSON report that is counted here. */
export interface VitestReport {
  readonly testResults: readonly {
    readonly status: string
    readonly assertionResults: readonly { readonly status: string }[]
  }[]
}

export interface TestCounts {
  readonly passed: number
  readonly failed: number
}

/**
 * Tests over all projects. A file that failed without a failed test (it didn't load, a hook failed) is one failure; so
 * is a run that ended badly although no test failed, that left no report, or that ran no test.
 */
export function countTests(report: VitestReport | null, exitCode: number): TestCounts {
  let passed = 0
  let failed = 0
  for (const file of report?.testResults ?? []) {
    const failures = file.assertionResults.filter(({ status }) => status === 'failed').length
    passed += file.assertionResults.filter(({ status }) => status === 'passed').length
    failed += file.status === 'failed' ? Math.max(failures, 1) : failures
  }
  if (failed === 0 && (exitCode !== 0 || passed === 0)) failed = 1
  return { passed, failed }
}
