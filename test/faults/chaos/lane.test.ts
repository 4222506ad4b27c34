import { describe, expect, test } from 'vitest'
import type { Campaign, Faults } from './campaign.ts'
import { runLane } from './lane.ts'
import { newTally } from './tally.ts'

const NO_PAUSE = [0, 0] as const

/** The faults of a lane that only notes them. @param last so many, then time is up */
async function noted(seed: number, last: number): Promise<string[]> {
  const done: string[] = []
  // Nothing of the campaign is used but its tally.
  const campaign = { tally: newTally() } as Campaign
  const stop = new AbortController()
  const note = (name: string) => async () => {
    done.push(name)
    if (done.length === last) stop.abort()
  }
  const faults: Faults = { kills: note('kills'), zombies: note('zombies'), leaves: note('leaves') }
  const until = Number.POSITIVE_INFINITY
  await runLane(campaign, { faults, seed, pauseMs: NO_PAUSE, until, say: () => {}, signal: stop.signal })
  for (const [name, count] of Object.entries(campaign.tally)) {
    expect(done.filter((each) => each === name)).toHaveLength(count)
  }
  return done
}

describe('a lane of faults', () => {
  test('has each of them once before any comes again, in an order that the seed decides', async () => {
    const done = await noted(3, 9)
    for (let round = 0; round < 3; round++) expect(new Set(done.slice(3 * round, 3 * round + 3)).size).toBe(3)
    expect(await noted(3, 9)).toEqual(done)
    const others = await Promise.all([4, 5, 6, 7].map((seed) => noted(seed, 9)))
    expect(others.some((other) => other.join() !== done.join())).toBe(true)
  })

  test('has each of them once, even if time is up before', async () => {
    const campaign = { tally: newTally() } as Campaign
    const faults: Faults = { kills: async () => {}, leaves: async () => {} }
    const { signal } = new AbortController()
    await runLane(campaign, { faults, seed: 1, pauseMs: NO_PAUSE, until: 0, say: () => {}, signal })
    expect(campaign.tally).toMatchObject({ kills: 1, leaves: 1, zombies: 0 })
  })

  test('ends with a fault that can’t be mended', async () => {
    const campaign = { tally: newTally() } as Campaign
    const faults: Faults = { kills: () => Promise.reject(new Error('it stays away')) }
    const { signal } = new AbortController()
    const lane = runLane(campaign, { faults, seed: 1, pauseMs: NO_PAUSE, until: 0, say: () => {}, signal })
    await expect(lane).rejects.toThrow('it stays away')
  })
})
