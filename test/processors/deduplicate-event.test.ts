import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hashEventId, hashHigh, hashLow } from '../../processors/event-hash.ts'
import { RECENT_EVENTS } from '../../schemas/customer-state.ts'
import { createDriver } from '../driver.ts'
import { interaction, NOON, survey } from './build-event.ts'

describe('deduplicate-event', () => {
  it('drops exactly the ids that are among the last 32 accepted ones', () => {
    const ids = fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 150 })
    fc.assert(
      fc.property(ids, (sequence) => {
        const driver = createDriver({ now: NOON })
        const accepted: number[] = []
        for (const id of sequence) {
          const seen = accepted.slice(-RECENT_EVENTS).includes(id)
          const { kind } = driver.pipe('interactions', interaction({ eventId: `id-${id}` }))
          expect(kind).toBe(seen ? 'drop' : 'forward')
          if (!seen) accepted.push(id)
        }
      }),
    )
  })

  it('does not enter the id of a dead letter of a later stage', () => {
    const driver = createDriver({ now: NOON })
    const event = survey({ eventId: 'again', score: 12 })
    driver.pipe('surveys', event)
    driver.pipe('surveys', event)
    expect(driver.read('dead-letters')).toHaveLength(2)
  })
})

describe('hashEventId', () => {
  const hashOf = (id: string): [number, number] => {
    hashEventId(id)
    return [hashHigh, hashLow]
  }

  it('never changes: the hashes are stored in states', () => {
    expect([hashOf(''), hashOf('a'), hashOf('event-1'), hashOf('🙂 e')]).toMatchInlineSnapshot(`
      [
        [
          1173055101,
          -578041344,
        ],
        [
          910618963,
          987526225,
        ],
        [
          1875873712,
          336377870,
        ],
        [
          1462890309,
          7719553,
        ],
      ]
    `)
  })

  it('gives a million similar ids a million hashes, evenly spread', () => {
    const seen = new Set<bigint>()
    const buckets = new Uint32Array(256)
    for (let i = 0; i < 1_000_000; i++) {
      const [high, low] = hashOf(i % 2 === 0 ? `order-${i}` : `${i.toString(16)}-4b1e-4c53`)
      seen.add((BigInt(high) << 32n) ^ BigInt(low >>> 0))
      buckets[low & 0xff]!++
    }
    expect(seen.size).toBe(1_000_000)
    // 255 degrees of freedom: chi squared is below 350 but for one chance in 30,000
    const chi2 = buckets.reduce((sum, n) => sum + (n - 1e6 / 256) ** 2 / (1e6 / 256), 0)
    expect(chi2).toBeLessThan(350)
  })

  it('has halves that collide on their own only as often as chance', () => {
    const highs = new Set<number>()
    for (let i = 0; i < 200_000; i++) highs.add(hashOf(`e-${i}`)[0])
    // 200,000² / 2 / 2³² = 4.7 expected
    expect(200_000 - highs.size).toBeLessThan(20)
  })
})
