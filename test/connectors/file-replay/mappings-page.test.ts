import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { runReplayCommand } from '../../../connectors/file-replay/command.ts'
import { mappingSchema } from '../../../connectors/file-replay/mapping.ts'
import { MemoryEventWriter } from '../../../connectors/file-replay/memory-event-writer.ts'
import { parseTimestamp, type TimestampFormat } from '../../../connectors/file-replay/timestamp.ts'
import { ManualClock, TemporaryFolder } from './build-replay.ts'

const page = readFileSync(new URL('../../../docs/mappings.md', import.meta.url), 'utf8')
const rows = page.split('\n').filter((line) => line.startsWith('| `'))

/** Keys of objects, and values of enumerations, wherever they stand in the schema. */
function wordsOf(schema: unknown): string[] {
  if (typeof schema !== 'object' || schema === null) return []
  const { properties = {}, enum: values = [] } = schema as { properties?: object; enum?: string[] }
  return [...Object.keys(properties), ...values, ...Object.values(schema).flatMap(wordsOf)]
}

const blockOf = (language: string, nth = 0): string =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))][nth]?.[1] ?? ''

it.each([...new Set(wordsOf(mappingSchema.properties))])('the page of mappings tells of %s', (word) => {
  expect(page.includes(`\`${word}\``) || page.includes(`"${word}"`)).toBe(true)
})

it('its example does what it says', async () => {
  using folder = new TemporaryFolder()
  const csv = folder.file('orders.csv', blockOf('csv'))
  const mapping = folder.file('orders.json', blockOf('json'))
  const writer = new MemoryEventWriter()
  let said = ''
  const stderr = { write: (text: string) => (said += text) }
  const deps = { writer: async () => writer, stdout: { write: () => {} }, stderr, clock: new ManualClock() }
  const code = await runReplayCommand([csv, '--mapping', mapping], deps)
  expect(code).toBe(0)
  expect(said).toBe(blockOf('text').replace('orders.csv', csv))
  expect(writer.events.map(({ event }) => event)).toMatchObject([
    {
      type: 'PURCHASE',
      customerId: 'ada',
      amountMinor: 2100,
      lines: [{ itemId: 'TEA-1', quantity: 2 }, { itemId: 'CUP-7' }],
    },
    { type: 'REFUND', customerId: 'bob', amountMinor: 1200, properties: { plan: 'none' } },
  ])
})

it('its times are times of their formats', () => {
  const formats = rows.filter((row) => /^\| `(iso|epoch)/.test(row))
  expect(formats).toHaveLength(3)
  for (const row of formats) {
    const [format, ...examples] = [...row.matchAll(/`([^`]+)`/g)].map(([, text]) => text!)
    for (const text of examples) {
      const time = parseTimestamp(text, format as TimestampFormat)
      expect(new Date(time ?? 0).toISOString(), text).toMatch(/^2026-01-31T/)
    }
  }
})
