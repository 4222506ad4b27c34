import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RefreshRate } from '../../runtime/refresh-rate.ts'

describe('RefreshRate', () => {
  it('lets a page through at once, and the next when it has been paid for', () => {
    let now = 1_000
    const rate = new RefreshRate(200, 500, () => now)
    expect(rate.page).toBe(20)
    expect(rate.waitMs()).toBe(0)
    rate.spend(20)
    expect(rate.waitMs()).toBe(100)
    now += 99
    expect(rate.waitMs()).toBe(1)
    now += 1
    expect(rate.waitMs()).toBe(0)
    // Who needs no new score costs nothing.
    rate.spend(0)
    expect(rate.waitMs()).toBe(0)
    rate.spend(60)
    expect(rate.waitMs()).toBe(300)
  })

  it('lets never more through than the rate and one page, however pages and waits fall, and always goes on', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100_000 }),
        fc.array(fc.tuple(fc.integer({ min: -50, max: 5_000 }), fc.double({ min: 0, max: 1, noNaN: true }))),
        (perSecond, steps) => {
          let now = 0
          let passed = 0
          let spent = 0
          const rate = new RefreshRate(perSecond, 500, () => now)
          for (const [ms, share] of steps) {
            now += ms
            passed += Math.max(0, ms)
            if (rate.waitMs() > 0) continue
            const moved = Math.round(share * rate.page)
            rate.spend(moved)
            spent += moved
          }
          expect(spent).toBeLessThanOrEqual(rate.page + (passed * perSecond) / 1_000 + 1e-6)
          now += rate.waitMs()
          expect(rate.waitMs()).toBe(0)
        },
      ),
    )
  })
})
