import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { createDriver, type Driver } from '../driver.ts'

/** As plain JavaScript calls it. */
const untyped = (driver: Driver) =>
  driver as unknown as { pipe(topic: string, event: object): unknown; read(topic: string): unknown }

test('a topic that the driver does not have is refused with those that it has', () => {
  const driver = untyped(createDriver({ now: 0 }))
  expect(() => driver.pipe('interactionz', {})).toThrow(
    'no topic interactionz here; it must be one of profiles, interactions, transactions, surveys, outcomes',
  )
  expect(() => driver.read('customerz')).toThrow('no topic customerz here; it must be one of customers, score-changes,')
  expect(() => driver.pipe('customers', {})).toThrow('no topic customers here')
})

test('the program of the README prints what it says', () => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
  const [, program = ''] = /^```js\n(import \{ createDriver \}.*?)^```/ms.exec(readme) ?? []
  const driver = new URL('../driver.ts', import.meta.url).href
  const args = ['--input-type=module', '-e', program.replace("'everscore/test'", JSON.stringify(driver))]
  const [, said] = /\/\/ (.*)$/m.exec(program) ?? []
  expect(execFileSync(process.execPath, args, { encoding: 'utf8' })).toBe(`${said}\n`)
})
