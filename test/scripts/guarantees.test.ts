import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const root = new URL('../../', import.meta.url)
const page = readFileSync(new URL('docs/guarantees.md', root), 'utf8').replaceAll(/\s+/g, ' ')

/** `test/…` “name”, “another name of the same file” */
function evidence(): { file: string; name: string }[] {
  return [...page.matchAll(/`(test\/[^`]+\.test\.ts)` ((?:“[^”]+”(?:, )?)+)/g)].flatMap(([, file, names]) =>
    [...names!.matchAll(/“([^”]+)”/g)].map(([, name]) => ({ file: file!, name: name! })),
  )
}

test('every test that the guarantees name exists', () => {
  const named = evidence()
  expect(named.length).toBeGreaterThan(40)
  const missing = named.filter(({ file, name }) => {
    const source = readFileSync(new URL(file, root), 'utf8')
    return !source.includes(`'${name}`)
  })
  expect(missing).toEqual([])
})

test('no test is named in another form, which nobody would look for', () => {
  expect(evidence().length).toBe([...page.matchAll(/“/g)].length)
})
