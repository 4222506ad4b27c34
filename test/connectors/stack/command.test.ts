import { afterEach, expect, test, vi } from 'vitest'
import { runStackCommand } from '../../../connectors/stack/command.ts'

afterEach(() => vi.restoreAllMocks())

async function run(...args: string[]) {
  const said: string[] = []
  const record = (text: string | Uint8Array) => said.push(String(text)) > 0
  vi.spyOn(process.stdout, 'write').mockImplementation(record)
  vi.spyOn(process.stderr, 'write').mockImplementation(record)
  const code = await runStackCommand(args, { PATH: '' })
  return { code, said: said.join('') }
}

test('--help tells the options and ends well', async () => {
  expect(await run('--help')).toMatchObject({ code: 0, said: expect.stringContaining('--kafka-port N') })
})

test.each([
  [['--kafka-port', '70000'], '--kafka-port must be a port from 1 to 65535, not "70000"'],
  [['--redis-port', 'x'], '--redis-port must be a port from 1 to 65535, not "x"'],
  [['--with', 'magic'], '--with must be docker or java, not "magic"'],
  [['--dta', 'x'], "Unknown option '--dta'"],
  [['extra'], "Unexpected argument 'extra'"],
])('refuses %j', async (args, message) => {
  await expect(run(...args)).rejects.toMatchObject({ code: 'USAGE', message })
})

test('ends with 1 and the three ways when there is none', async () => {
  const { code, said } = await run()
  expect(code).toBe(1)
  expect(said).toContain('everscore stack: STACK_UNAVAILABLE: found no way to start')
})
