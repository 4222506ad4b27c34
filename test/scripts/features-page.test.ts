import { expect, test } from 'vitest'
import { FEATURES } from '../../models/features.ts'
import { featuresPage } from '../../scripts/pages/features-page.ts'

test('every feature is on the page with its unit, and every unit is explained', () => {
  const lines = featuresPage().split('\n')
  for (const { name, unit } of FEATURES)
    expect(lines).toContainEqual(expect.stringContaining(`| \`${name}\` | ${unit} |`))
})

test('a unit that the page does not explain is refused', () => {
  const odd = { name: 'odd', doc: '', unit: 'furlongs', course: null }
  expect(() => featuresPage([odd])).toThrow('unit furlongs of odd')
})
