import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { assignSticky, type Member } from '../../runtime/assignor.ts'

const anyMembers = (
  maxPartitions: number,
  disjoint: boolean,
): fc.Arbitrary<{ members: Member[]; partitions: number }> =>
  fc
    .record({
      partitions: fc.integer({ min: 1, max: maxPartitions }),
      ids: fc.uniqueArray(fc.string({ minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 5 }),
      // Beyond the partitions too: what somebody owned of a topic that is smaller now.
      claims: fc.array(fc.array(fc.nat(maxPartitions + 2), { maxLength: maxPartitions }), {
        minLength: 5,
        maxLength: 5,
      }),
    })
    .map(({ partitions, ids, claims }) => {
      const taken = new Set<number>()
      const members = ids.map((memberId, i) => {
        const owned = [...new Set(claims[i]!)].filter((p) => !disjoint || !taken.has(p))
        for (const p of owned) taken.add(p)
        return { memberId, owned }
      })
      return { members, partitions }
    })

function ownerOf(assigned: ReadonlyMap<string, readonly number[]>): Map<number, string> {
  return new Map([...assigned].flatMap(([memberId, mine]) => mine.map((p) => [p, memberId] as const)))
}

test('every partition has one owner, loads differ by one at most, whatever is claimed', () => {
  fc.assert(
    fc.property(anyMembers(24, false), ({ members, partitions }) => {
      const assigned = assignSticky(members, partitions)
      const all = [...assigned.values()].flat().sort((a, b) => a - b)
      expect(all).toEqual(Array.from({ length: partitions }, (_, p) => p))
      const loads = [...assigned.values()].map((mine) => mine.length)
      expect(Math.max(...loads) - Math.min(...loads)).toBeLessThanOrEqual(1)
      expect([...assigned.keys()].sort()).toEqual(members.map(({ memberId }) => memberId).sort())
    }),
    { numRuns: 1_000 },
  )
})

test('the members of one generation may be listed in any order', () => {
  fc.assert(
    fc.property(anyMembers(12, false), fc.infiniteStream(fc.nat()), ({ members, partitions }, seeds) => {
      const order = members.map((member) => ({ member, at: seeds.next().value as number }))
      const shuffled = order
        .sort((a, b) => a.at - b.at)
        .map(({ member }) => ({ ...member, owned: member.owned.toReversed() }))
      expect(ownerOf(assignSticky(shuffled, partitions))).toEqual(ownerOf(assignSticky(members, partitions)))
    }),
    { numRuns: 500 },
  )
})

/** The fewest partitions that must leave their owner, over all balanced assignments, by trying them all. */
function fewestMoves(members: readonly Member[], partitions: number): number {
  const owner = new Map(members.flatMap(({ memberId, owned }) => owned.map((p) => [p, memberId] as const)))
  const most = Math.ceil(partitions / members.length)
  const least = Math.floor(partitions / members.length)
  const loads = new Map(members.map(({ memberId }) => [memberId, 0]))
  let best = Number.POSITIVE_INFINITY
  const place = (p: number, moves: number): void => {
    if (moves >= best) return
    if (p === partitions) {
      if ([...loads.values()].every((load) => load >= least)) best = moves
      return
    }
    for (const [memberId, load] of loads) {
      if (load === most) continue
      loads.set(memberId, load + 1)
      place(p + 1, moves + (owner.has(p) && owner.get(p) !== memberId ? 1 : 0))
      loads.set(memberId, load)
    }
  }
  place(0, 0)
  return best
}

test('no balanced assignment moves fewer partitions', () => {
  fc.assert(
    fc.property(anyMembers(7, true), ({ members, partitions }) => {
      const before = new Map(members.flatMap(({ memberId, owned }) => owned.map((p) => [p, memberId] as const)))
      const after = ownerOf(assignSticky(members, partitions))
      const moved = [...after].filter(([p, memberId]) => before.has(p) && before.get(p) !== memberId)
      expect(moved.length).toBe(fewestMoves(members, partitions))
    }),
    { numRuns: 300 },
  )
})

describe('members that come and go', () => {
  const owners = (shares: Record<string, number[]>): Member[] =>
    Object.entries(shares).map(([memberId, owned]) => ({ memberId, owned }))

  test('an assignment that is balanced stays as it is', () => {
    const shares = { a: [0, 3, 5], b: [1, 2], c: [4, 6] }
    expect(Object.fromEntries(assignSticky(owners(shares), 7))).toEqual(shares)
  })

  test('a zombie that claims what another works on by now gets none of it back', () => {
    const shares = assignSticky(owners({ zombie: [0, 1, 2, 3, 4, 5], b: [0, 1, 2], c: [3, 4, 5] }), 6)
    expect(shares.get('b')).toEqual(expect.arrayContaining([0, 1]))
    expect(shares.get('c')).toEqual(expect.arrayContaining([3, 4]))
    expect(shares.get('zombie')).toHaveLength(2)
  })

  test('without members there is nothing to share out', () => {
    expect(assignSticky([], 5)).toEqual(new Map())
  })

  test('more members than partitions leave some without any', () => {
    const shares = assignSticky(owners({ a: [], b: [], c: [1] }), 2)
    expect([...shares.values()].map((mine) => mine.length).sort()).toEqual([0, 1, 1])
    expect(shares.get('c')).toEqual([1])
  })
})
