import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TOP_INDEXES } from '../../schemas/redis-keys.ts'
import { runningWorker, SETTLED, type ServingView, scores } from './serving-view.ts'

/** What every CustomerLookup must do. Each test has a partition or a tenant of its own. */
export function describeLookup(name: string, create: () => Promise<ServingView>): void {
  describe(`the lookup ${name}`, () => {
    let view: ServingView
    beforeAll(async () => {
      view = await create()
    })
    afterAll(() => view.close())

    const entry = (customerId: string, lead: number, tenantId = 'shop') => ({
      tenantId,
      customerId,
      value: Buffer.from([0, 255, ...Buffer.from(customerId)]),
      scores: scores(lead),
    })
    const idsOf = (entries: readonly { readonly id: Buffer }[]) => entries.map(({ id }) => id.toString())

    it('reads values as they are, in the order of the ids, and null for what is not there', async () => {
      await view.put(0, [entry('a/b{1}🙂', 0.5), entry('c', 0.5)])
      await view.position(0, SETTLED)
      const { state, values } = await view.lookup.read(0, 'shop', ['c', 'nobody', 'a/b{1}🙂'])
      expect(state).toBe('settled')
      expect(values).toEqual([entry('c', 0).value, null, entry('a/b{1}🙂', 0).value])
      expect((await view.lookup.read(0, 'other', ['c'])).values).toEqual([null])
    })

    it('says how far a view may be believed', async () => {
      const stateOf = async () => {
        const read = await view.lookup.read(1, 'shop', ['c'])
        const top = await view.lookup.top(1, 'shop', { index: 'lead', limit: 1 })
        expect(top.state).toBe(read.state)
        return read.state
      }
      expect(await stateOf()).toBe('absent')
      await view.position(1, { offset: 0, inputs: '{}' })
      expect(await stateOf()).toBe('settled')
      await view.position(1, { offset: 3, inputs: '{}' })
      expect(await stateOf()).toBe('unproven')
      await view.position(1, SETTLED)
      expect(await stateOf()).toBe('settled')
      await view.mark(1, '{"position":5}')
      expect(await stateOf()).toBe('rebuilding')
      expect((await view.lookup.read(1, 'shop', ['c'])).progress).toEqual({ position: 5 })
      await view.mark(1, 'not JSON')
      expect((await view.lookup.read(1, 'shop', ['c'])).progress).toBeUndefined()
      await view.mark(1, null)
      expect(await stateOf()).toBe('settled')
    })

    it('lists by score, then by the bytes of the id, both descending', async () => {
      // U+FF5E sorts above U+1F642 by UTF-16 units, below it by UTF-8 bytes.
      await view.put(
        2,
        ['b', 'a', 'ab', '🙂', '～', 'É', 'e'].map((id) => entry(id, 0.5)),
      )
      await view.put(2, [entry('low', 0.25), entry('high', 0.75)])
      const { entries } = await view.lookup.top(2, 'shop', { index: 'lead', limit: 100 })
      expect(idsOf(entries)).toEqual(['high', '🙂', '～', 'É', 'e', 'b', 'ab', 'a', 'low'])
      expect(entries[0]!.score).toBe(750_000_000)
    })

    it('goes on after a place, whether it is an entry or not', async () => {
      const idsAfter = async (lead: number, id: string, limit = 100) => {
        const place = { score: scores(lead).lead, id: Buffer.from(id) }
        return idsOf((await view.lookup.top(2, 'shop', { index: 'lead', limit, after: place })).entries)
      }
      expect(await idsAfter(0.5, 'e')).toEqual(['b', 'ab', 'a', 'low'])
      expect(await idsAfter(0.5, 'c')).toEqual(['b', 'ab', 'a', 'low'])
      expect(await idsAfter(0.5, 'aa', 1)).toEqual(['a'])
      expect(await idsAfter(0.5, 'A')).toEqual(['low'])
      expect(await idsAfter(0.6, 'a')).toEqual(['🙂', '～', 'É', 'e', 'b', 'ab', 'a', 'low'])
      expect(await idsAfter(0.1, 'a')).toEqual([])
    })

    it('keeps tenants and indexes apart', async () => {
      await view.put(3, [
        { tenantId: 'one', customerId: 'x', scores: { lead: 1, churn: 2, recent: 1_768_478_400_123 } },
      ])
      for (const index of TOP_INDEXES) {
        expect((await view.lookup.top(3, 'two', { index, limit: 9 })).entries).toEqual([])
      }
      expect((await view.lookup.top(3, 'one', { index: 'recent', limit: 9 })).entries).toEqual([
        { id: Buffer.from('x'), score: 1_768_478_400_123 },
      ])
    })

    it('tells what workers report, and which reports it cannot read', async () => {
      expect(await view.lookup.installation(4)).toMatchObject({
        partitions: null,
        reports: [],
        rebuilding: [],
        resultsRebuilding: [],
      })
      await view.setUp(4)
      const report = runningWorker(4, 1_000)
      await view.report('w-1', report)
      await view.report('w-2', '{"workerId":')
      await view.report('w-3', '{"workerId":"w-3"}')
      await view.mark(2, '{}')
      await view.markResults(1, '{}')
      await view.mark(3, '{}')
      const installation = await view.lookup.installation(3)
      expect(installation).toMatchObject({ partitions: 4, reports: [report], rebuilding: [2], resultsRebuilding: [1] })
      expect([...installation.unreadable].sort()).toEqual(['w-2', 'w-3'])
    })
  })
}
