import { afterEach, describe, expect, test, vi } from 'vitest'
import { runCommandLine } from '../../bin/command-line.ts'
import { VERSION } from '../../schemas/version.ts'

afterEach(() => vi.restoreAllMocks())

async function everscore(line: string, env: NodeJS.ProcessEnv = {}) {
  const said = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    vi.spyOn(process[name], 'write').mockImplementation((text) => {
      said[name] += String(text)
      return true
    })
  }
  const code = await runCommandLine(line.split(' ').filter(Boolean), env)
  return { code, ...said }
}

const COMMANDS = ['stack', 'init', 'worker', 'trainer', 'api', 'replay', 'dlq', 'clv', 'demo', 'topology']

describe.each(COMMANDS)('everscore %s', (name) => {
  test('tells its help in all three ways', async () => {
    const help = await everscore(`${name} --help`)
    expect(help).toMatchObject({ code: 0, stderr: '' })
    expect(help.stdout).toMatch(new RegExp(`^everscore ${name}`))
    expect(await everscore(`${name} -h`)).toEqual(help)
    expect(await everscore(`help ${name}`)).toEqual(help)
  })

  test('refuses an unknown option in one line, with exit code 2', async () => {
    const { code, stdout, stderr } = await everscore(`${name} --nosuch`)
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(
      new RegExp(`^everscore ${name}: Unknown option '--nosuch'.*; see everscore ${name} --help\n$`),
    )
  })
})

test.each([
  ['init --settings', "everscore init: Option '--settings <value>' argument missing"],
  ['clv --tenant --help', "everscore clv: Option '--tenant' argument is ambiguous"],
  ['stack extra', "everscore stack: Unexpected argument 'extra'"],
  ['worker extra', "everscore worker: Unexpected argument 'extra'; settings come from the environment"],
  ['api --port 4000', "everscore api: Unknown option '--port'; settings come from the environment (PORT)"],
  ['trainer --log-level=debug', "Unknown option '--log-level'; settings come from the environment (LOG_LEVEL)"],
  ['dlq replay', 'everscore dlq: replay takes either a filter or --all'],
  ['nosuch', 'everscore: there is no command nosuch; see everscore --help'],
  ['help nosuch', 'everscore: there is no command nosuch; see everscore --help'],
  ['toString', 'everscore: there is no command toString'],
])('refuses "%s" in one line, with exit code 2', async (line, message) => {
  const { code, stdout, stderr } = await everscore(line)
  expect([code, stdout]).toEqual([2, ''])
  expect(stderr).toContain(message)
  expect(stderr).toMatch(/^[^\n]*\n$/)
})

test('lists the commands', async () => {
  const { code, stdout } = await everscore('help')
  expect(code).toBe(0)
  for (const name of COMMANDS) expect(stdout).toMatch(new RegExp(`^ {2}${name} `, 'm'))
  expect((await everscore('')).stdout).toBe(stdout)
  expect((await everscore('--help')).stdout).toBe(stdout)
})

test.each(['--version', '-v'])('%s prints the version', async (option) => {
  expect(await everscore(option)).toEqual({ code: 0, stdout: `${VERSION}\n`, stderr: '' })
})

test.each(['stack', 'worker', 'init', 'demo'])('%s refuses an unknown variable that looks like ours', async (name) => {
  expect(await everscore(name, { EVERSCORE_API_KEY: 'x' })).toEqual({
    code: 1,
    stdout: '',
    stderr: 'everscore: unknown environment variable EVERSCORE_API_KEY (CONFIG_INVALID)\n',
  })
})

const BOTH = 'KAFKA_BROKERS, SCHEMA_REGISTRY_URL'
test.each([
  ['init', `${BOTH}, REDIS_URL`],
  ['worker', `${BOTH}, REDIS_URL`],
  ['api', `${BOTH}, REDIS_URL`],
  ['trainer', BOTH],
  ['clv', BOTH],
  ['dlq ls', BOTH],
])('%s names all addresses that are missing before it waits for any server', async (line, names) => {
  expect(await everscore(line)).toMatchObject({ code: 1, stderr: expect.stringContaining(`${names} are not set`) })
})

test('what is wrong with the environment is no wrong usage', async () => {
  expect(await everscore('init')).toMatchObject({ code: 1, stderr: expect.stringContaining('(CONFIG_INVALID)') })
})
