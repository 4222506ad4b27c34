import { existsSync, globSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { expect, test } from 'vitest'
import { ROOT } from '../../scripts/source-files.ts'

const { files } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { files: string[] }
/** npm packs these, whatever `files` says. */
const shipped = globSync([...files, 'README.md', 'LICENSE', 'package.json'], { cwd: ROOT })
const isShipped = (path: string): boolean => shipped.some((each) => path === each || path.startsWith(`${each}/`))

const pages = globSync(['*.md', 'docs/**/*.md', 'demo/*/*.md'], { cwd: ROOT }).filter(isShipped)

function linksOf(page: string): string[] {
  const text = readFileSync(join(ROOT, page), 'utf8').replaceAll(/^```.*?^```/gms, '')
  return [...text.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)]
    .map(([, target]) => target!)
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((target) => relative(ROOT, join(ROOT, dirname(page), target)).replace(/\/$/, ''))
}

test.each(pages)('what %s links to is there, and in the package', (page) => {
  for (const target of linksOf(page)) {
    expect(existsSync(join(ROOT, target)), `${target} is there`).toBe(true)
    const isWhole = statSync(join(ROOT, target)).isDirectory()
    expect(isShipped(target) || (isWhole && shipped.some((each) => each.startsWith(target))), `${target} ships`).toBe(
      true,
    )
  }
})

test('the pages are those that people read', () => {
  expect(pages).toEqual(expect.arrayContaining(['README.md', 'CONTRIBUTING.md', 'docs/guarantees.md']))
})
