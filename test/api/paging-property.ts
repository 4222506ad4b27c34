import fc from 'fast-check'
import { expect } from 'vitest'
import { decodeTopCursor, encodeTopCursor } from '../../api/top-cursor.ts'
import { compareTopEntries, readTopPage } from '../../api/top-page.ts'
import { SETTLED, type ServingView } from './serving-view.ts'

const PARTITIONS = 4

/** Ids that share beginnings, and ids of any text; few scores, so that most are ties. */
const anyId = fc.oneof(fc.stringMatching(/^[ab]{1,4}$/), fc.string({ unit: 'binary', minLength: 1, maxLength: 5 }))
const anyEntries = fc.uniqueArray(fc.tuple(anyId, fc.integer({ min: 0, max: 3 }), fc.nat(PARTITIONS - 1)), {
  selector: ([id]) => id,
  maxLength: 40,
})

/** Whatever the scores, their ties, where customers live and how large a page is: the pages are the sorted list. */
export async function checkPaging(view: ServingView, numRuns: number): Promise<void> {
  for (let partition = 0; partition < PARTITIONS; partition++) await view.position(partition, SETTLED)
  const deps = { lookup: view.lookup, partitions: PARTITIONS, now: () => 0 }
  let run = 0
  await fc.assert(
    fc.asyncProperty(anyEntries, fc.integer({ min: 1, max: 12 }), async (entries, limit) => {
      const tenantId = `paging-${run++}`
      for (const [customerId, lead, partition] of entries) {
        await view.put(partition, [{ tenantId, customerId, scores: { lead, churn: 0, recent: 0 } }])
      }
      const expected = entries
        .map(([id, score]) => ({ id: Buffer.from(id), score }))
        .sort(compareTopEntries)
        .map(({ id, score }) => [id.toString(), score])
      const paged: unknown[] = []
      let cursor: string | null = null
      do {
        const after = cursor === null ? {} : { after: decodeTopCursor('lead', cursor) }
        const page = await readTopPage(deps, tenantId, { index: 'lead', limit, ...after })
        expect(page.entries.length).toBeLessThanOrEqual(limit)
        paged.push(...page.entries.map(({ id, score }) => [id.toString(), score]))
        cursor = page.more ? encodeTopCursor('lead', page.entries.at(-1)!) : null
      } while (cursor !== null)
      expect(paged).toEqual(expected)
    }),
    { numRuns },
  )
}
