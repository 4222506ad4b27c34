import { afterAll, beforeAll, expect, it } from 'vitest'
import type { App } from '../../api/app.ts'
import type { ResultLookup } from '../../api/result-lookup.ts'
import { DAY } from '../processors/build-event.ts'
import { createMemoryView } from './memory-view.ts'
import { testApi } from './test-api.ts'

/** Windows of two days, of settings that are no more, and nothing in them. */
const EMPTY: ResultLookup = {
  windows: async () => ({ state: 'settled', windows: [`0/${2 * DAY}`] }),
  results: async () => ({ state: 'settled', values: [] }),
  pairs: async () => ({ state: 'settled', values: [], cursor: '0', count: 0 }),
  partners: async () => ({ state: 'settled', values: [] }),
}

let app: App
beforeAll(async () => {
  app = await testApi(createMemoryView(), { results: EMPTY })
})
afterAll(() => app.close())

it.each([
  ['/v1/nps?window=3d', ['ever', '1d', '7d']],
  ['/v1/cross-sell/a?window=1d', ['ever', '7d']],
  ['/v1/cross-sell?category=a&window=36h', ['ever', '7d']],
  ['/v1/cross-sell-matrix?window=1d', ['ever', '7d']],
])('a window that is not counted is refused, with those that are: %s', async (url, windows) => {
  const response = await app.inject(url)
  expect(response.statusCode).toBe(400)
  expect(response.json().error).toMatchObject({
    code: 'INPUT_INVALID',
    message: `window is of a size that is not counted: the settings have ${windows.join(', ')}`,
    details: { field: 'window', in: 'query', windows },
  })
})

it.each(['/v1/nps', '/v1/nps?window=1d', '/v1/nps?window=1w', '/v1/nps?window=2d', '/v1/cross-sell/a?window=7d'])(
  'a window that is counted, or was, has an answer: %s',
  async (url) => {
    const response = await app.inject(url)
    expect(response.statusCode).toBe(200)
    expect(response.json()).not.toHaveProperty('partial')
  },
)
