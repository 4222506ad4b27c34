// `npm test`: everything that is checked without running it, then every test. The last line is `N passed, N failed`.
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { countTests, type VitestReport } from './count-tests.ts'
import { ROOT } from './source-files.ts'

/** Resolves to the exit code; its output is seen as it comes. */
function run(program: string, args: readonly string[]): Promise<number> {
  // npm scripts have it there already; `node scripts/test.ts` alone has not.
  const path = [join(ROOT, 'node_modules', '.bin'), process.env['PATH']].join(delimiter)
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd: ROOT,
      env: { ...process.env, PATH: path },
      stdio: ['ignore', 'inherit', 'inherit'],
      shell: process.platform === 'win32',
    })
    child.once('error', (error) => {
      process.stderr.write(`${program}: ${error.message}\n`)
      resolve(1)
    })
    child.once('exit', (code) => resolve(code ?? 1))
  })
}

function readReport(file: string): VitestReport | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as VitestReport
  } catch {
    return null
  }
}

const folder = mkdtempSync(join(tmpdir(), 'everscore-report-'))
try {
  const file = join(folder, 'vitest.json')
  const checkExit = await run('npm', ['run', 'check'])
  if (checkExit !== 0) process.stderr.write('npm run check failed: it counts as one failure\n')
  const exit = await run('vitest', ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${file}`])
  const { passed, failed } = countTests(readReport(file), exit)
  const failures = failed + (checkExit === 0 ? 0 : 1)
  process.stdout.write(`${passed} passed, ${failures} failed\n`)
  process.exitCode = failures === 0 ? 0 : 1
} finally {
  rmSync(folder, { recursive: true, force: true })
}
