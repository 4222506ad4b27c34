import avro from 'avsc'

/** avsc's cursor over the bytes that it decodes. */
interface Tap {
  readonly buf: Buffer
  pos: number
  readLong(): number
  skipLong(): void
  readString(): string
  skipString(): void
  _invalidate(): void
}

interface ItemType {
  _read(tap: Tap): unknown
  _skip(tap: Tap): void
}

/**
 * avsc believes the number of items that a block of an array or a map claims to have, so that eight damaged bytes keep it
 * reading for ever. An item takes at least a byte: a block that claims more items than there are bytes left is damaged.
 */
export function boundAvroBlocks(): void {
  const { ArrayType, MapType } = avro.types as unknown as Record<'ArrayType' | 'MapType', { prototype: object }>
  Object.assign(ArrayType.prototype, { _read: readArray, _skip: skipArray })
  Object.assign(MapType.prototype, { _read: readMap, _skip: skipMap })
}

/** Items of the next block, 0 at the end; a damaged count ends the reading. */
function nextBlock(tap: Tap): number {
  let items = tap.readLong()
  if (items < 0) {
    items = -items
    // The size of the block in bytes, for readers that skip it.
    tap.skipLong()
  }
  if (items <= tap.buf.length - tap.pos) return items
  tap._invalidate()
  return 0
}

function readArray(this: { itemsType: ItemType }, tap: Tap): unknown[] {
  const { itemsType } = this
  const read: unknown[] = []
  for (let items = nextBlock(tap); items > 0; items = nextBlock(tap)) {
    while (items-- > 0) read.push(itemsType._read(tap))
  }
  return read
}

function skipArray(this: { itemsType: ItemType }, tap: Tap): void {
  const { itemsType } = this
  for (let items = nextBlock(tap); items > 0; items = nextBlock(tap)) {
    while (items-- > 0) itemsType._skip(tap)
  }
}

function readMap(this: { valuesType: ItemType }, tap: Tap): Record<string, unknown> {
  const { valuesType } = this
  const read: Record<string, unknown> = {}
  for (let items = nextBlock(tap); items > 0; items = nextBlock(tap)) {
    while (items-- > 0) {
      const key = tap.readString()
      read[key] = valuesType._read(tap)
    }
  }
  return read
}

function skipMap(this: { valuesType: ItemType }, tap: Tap): void {
  const { valuesType } = this
  for (let items = nextBlock(tap); items > 0; items = nextBlock(tap)) {
    while (items-- > 0) {
      tap.skipString()
      valuesType._skip(tap)
    }
  }
}
