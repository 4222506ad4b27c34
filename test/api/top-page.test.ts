import { describe, expect, it } from 'vitest'
import { decodeTopCursor, encodeTopCursor } from '../../api/top-cursor.ts'
import { readTopPage } from '../../api/top-page.ts'
import { createMemoryView } from './memory-view.ts'
import { checkPaging } from './paging-property.ts'
import { SETTLED, scores } from './serving-view.ts'

describe('the pages of a list', () => {
  it('are the sorted list, whatever the scores, ties, partitions and page size', async () => {
    await checkPaging(createMemoryView(), 200)
  })

  it('leave out partitions that are being rebuilt, and say so', async () => {
    const view = createMemoryView()
    for (const partition of [0, 1]) {
      await view.put(partition, [{ tenantId: 'shop', customerId: `c-${partition}`, scores: scores(0.5) }])
      await view.position(partition, SETTLED)
    }
    await view.mark(1, '{}')
    const deps = { lookup: view.lookup, partitions: 3, now: () => 0 }
    const page = await readTopPage(deps, 'shop', { index: 'lead', limit: 10 })
    expect(page.entries.map(({ id }) => id.toString())).toEqual(['c-0'])
    expect(page).toMatchObject({ more: false, left: [1, 2] })
  })
})

describe('a cursor', () => {
  const place = { score: 500_000_000, id: Buffer.from('a/b🙂') }

  it('comes back as the place it names', () => {
    expect(decodeTopCursor('lead', encodeTopCursor('lead', place))).toEqual(place)
  })

  it.each([
    ['', 'nothing'],
    ['!!!', 'not base64url'],
    [Buffer.from('{}').toString('base64url'), 'another shape'],
    [Buffer.from('["lead",0.5,"YQ=="]').toString('base64url'), 'a score that no index has'],
    [Buffer.from('["lead",1,""]').toString('base64url'), 'no id'],
    [Buffer.from('["lead",1,"***"]').toString('base64url'), 'an id that is not base64'],
    [Buffer.from(`["lead",1,"${'YWFh'.repeat(200)}"]`).toString('base64url'), 'too long an id'],
    [encodeTopCursor('churn', place), 'another list'],
  ])('is refused by name: %s (%s)', (cursor) => {
    expect(() => decodeTopCursor('lead', cursor)).toThrow(
      expect.objectContaining({ code: 'INPUT_INVALID', details: { field: 'cursor', in: 'query' } }),
    )
  })
})
