import { expect, test } from 'vitest'
import { settingsWarning } from '../../runtime/settings-warning.ts'
import { parseSettings } from '../../schemas/settings.ts'

const stored = parseSettings({ version: 3, currency: 'GBP' })

test('the first settings of a tenant, the same again and a higher version need no warning', () => {
  expect(settingsWarning(undefined, stored)).toBeNull()
  expect(settingsWarning(stored, parseSettings({ version: 3, currency: 'GBP' }))).toBeNull()
  expect(settingsWarning(stored, parseSettings({ version: 4, currency: 'EUR' }))).toBeNull()
})

test('other settings under the same version, or a lower one, are warned of', () => {
  expect(settingsWarning(stored, parseSettings({ version: 3, currency: 'EUR' }))).toMatch(
    /other settings had version 3/,
  )
  expect(settingsWarning(stored, parseSettings({ version: 2, currency: 'GBP' }))).toMatch(/version 3 was loaded before/)
})
