export interface Member {
  readonly memberId: string
  readonly owned: readonly number[]
}

/**
 * Shares partitions out: loads differ by one at most, and no more partitions move than that needs. What two members
 * both claim (one is a returning zombie) goes to the one that claims fewer, then to the smaller id: every input has one
 * answer, whatever the members' order.
 */
export function assignSticky(members: readonly Member[], partitions: number): Map<string, number[]> {
  const sorted = [...members].sort((a, b) => (a.memberId < b.memberId ? -1 : 1))
  const assigned = new Map(sorted.map((member) => [member.memberId, [] as number[]]))
  if (sorted.length === 0) return assigned
  const owner = new Map<number, string>()
  const byClaims = sorted.toSorted((a, b) => a.owned.length - b.owned.length)
  for (const { memberId, owned } of byClaims) {
    for (const partition of owned) {
      if (partition >= 0 && partition < partitions && !owner.has(partition)) owner.set(partition, memberId)
    }
  }
  for (const [partition, memberId] of [...owner].sort((a, b) => a[0] - b[0])) assigned.get(memberId)!.push(partition)

  // Members that hold most keep the larger share, so that the fewest partitions move.
  const least = Math.floor(partitions / sorted.length)
  const larger = partitions % sorted.length
  const byLoad = sorted.toSorted((a, b) => assigned.get(b.memberId)!.length - assigned.get(a.memberId)!.length)
  const free = Array.from({ length: partitions }, (_, p) => p).filter((p) => !owner.has(p))
  byLoad.forEach(({ memberId }, rank) => {
    const quota = least + (rank < larger ? 1 : 0)
    free.push(...assigned.get(memberId)!.splice(quota))
  })
  free.sort((a, b) => a - b)
  byLoad.forEach(({ memberId }, rank) => {
    const mine = assigned.get(memberId)!
    const quota = least + (rank < larger ? 1 : 0)
    mine.push(...free.splice(0, quota - mine.length))
    mine.sort((a, b) => a - b)
  })
  return assigned
}
