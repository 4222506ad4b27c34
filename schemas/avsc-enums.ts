import avro from 'avsc'

interface EnumType {
  /** Made from `{}`: has `constructor`, `toString` and their like, too. */
  readonly _indices: Readonly<Record<string, unknown>>
  readonly symbols: readonly string[]
}

interface Tap {
  writeLong(value: number): void
}

/**
 * avsc looks symbols up in a plain object: `constructor` is a symbol of any enum then, and written as its first one; and
 * what can't be made a name ends in an exception, even from `isValid`. Here a symbol is a string that the schema lists.
 */
export function mendAvroEnums(): void {
  const { EnumType } = avro.types as unknown as Record<'EnumType', { prototype: object }>
  Object.assign(EnumType.prototype, { _check: check, _write: write })
}

function check(
  this: EnumType,
  value: unknown,
  _flags: unknown,
  hook?: (value: unknown, type: EnumType) => void,
): boolean {
  const isValid = indexOf(this, value) !== null
  if (!isValid) hook?.(value, this)
  return isValid
}

/** @throws Error for what is no symbol */
function write(this: EnumType, tap: Tap, value: unknown): void {
  const index = indexOf(this, value)
  if (index === null) throw new Error(`not one of ${this.symbols.join(', ')}`)
  tap.writeLong(index)
}

function indexOf(type: EnumType, value: unknown): number | null {
  const index = typeof value === 'string' ? type._indices[value] : undefined
  return typeof index === 'number' ? index : null
}
