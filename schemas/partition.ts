/** Kafka's murmur2 over bytes, as the Java client computes it; the result is a signed 32-bit integer. */
export function murmur2(bytes: Uint8Array): number {
  const M = 0x5bd1e995
  const length = bytes.length
  let h = 0x9747b28c ^ length
  let i = 0
  for (; i + 4 <= length; i += 4) {
    let k = bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24)
    k = Math.imul(k, M)
    k ^= k >>> 24
    k = Math.imul(k, M)
    h = Math.imul(h, M) ^ k
  }
  const rest = length - i
  if (rest === 3) h ^= bytes[i + 2]! << 16
  if (rest >= 2) h ^= bytes[i + 1]! << 8
  if (rest >= 1) h = Math.imul(h ^ bytes[i]!, M)
  h ^= h >>> 13
  h = Math.imul(h, M)
  return h ^ (h >>> 15)
}

/** The partition that the Java client's default partitioner gives a key. */
export function partitionOf(key: Uint8Array, partitions: number): number {
  return (murmur2(key) & 0x7fffffff) % partitions
}

/** The key of every customer's records: the UTF-8 bytes of `<tenantId>/<customerId>`; it splits at its first slash. */
export function customerKey(tenantId: string, customerId: string): string {
  return `${tenantId}/${customerId}`
}

export const TENANT_ID_PATTERN = /^[A-Za-z0-9._-]{1,64}$/
export const MAX_CUSTOMER_ID_BYTES = 512
