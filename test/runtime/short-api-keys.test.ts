import { expect, test } from 'vitest'
import { readConfig } from '../../runtime/config.ts'
import { warnOfShortApiKeys } from '../../runtime/short-api-keys.ts'

test('warns of keys that can be guessed, without showing them', () => {
  const lines: unknown[] = []
  const config = readConfig({ EVERSCORE_API_KEYS: 'fifteen-chars-k:acme,sixteen-chars-ke:globex' })
  warnOfShortApiKeys(config, (message, details) => lines.push({ message, ...details }))
  expect(lines).toEqual([
    {
      message: 'a key of EVERSCORE_API_KEYS has fewer than 16 characters',
      level: 'warn',
      field: 'EVERSCORE_API_KEYS',
      tenant: 'acme',
    },
  ])
})
