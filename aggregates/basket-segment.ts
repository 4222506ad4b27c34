import { AvroWriter } from '../schemas/avro-writer.ts'
import { AppError } from '../schemas/errors.ts'
import { VarintReader } from '../schemas/varint.ts'
import { type BasketWindow, firstOf, ITEM, NAME, PAIR, pairKey, secondOf } from './basket-window.ts'
import { STORED } from './pair-marks.ts'

/*
 * A segment of a window in `aggregate-state`: the format, the window's own numbers, and of names, items and pairs the slots
 * that changed: how many, and of each
 *   name: slot, 1, length of the text in UTF-8, the text
 *   item: slot, id of the name and 1, observed, error
 *   pair: slot, id of a and 1, id of b, observed, error, marks
 * An empty slot is a 0 instead of what follows. Numbers are zigzag varints.
 */
const FORMAT = 2
const HEAD_BYTES = 96
const SLOT_BYTES = 32
const BYTES_A_CHARACTER = 3

const writer = new AvroWriter()

/** @param slots of names, items and pairs */
export function encodeSegment(of: BasketWindow, slots: readonly (readonly number[])[]): Buffer {
  const bytes = Buffer.allocUnsafe(sizeOf(of, slots))
  writer.begin(bytes, 0)
  writer.long(FORMAT)
  writer.long(of.closedAt === null ? 0 : 1)
  const cursor = of.closedAt === null ? 0 : of.cursor + 1
  for (const number of [of.closedAt ?? 0, of.orders, of.changes, of.covered, of.revision, cursor]) writer.long(number)
  writer.long(of.items.floor)
  writer.long(of.pairs.floor)
  writeNames(of, slots[NAME]!)
  writeItems(of, slots[ITEM]!)
  writePairs(of, slots[PAIR]!)
  return bytes.subarray(0, writer.at)
}

/** Puts back what a segment holds, in the order of their numbers. @returns slots of names, items and pairs */
export function restoreSegment(of: BasketWindow, bytes: Buffer): number[][] {
  const reader = new VarintReader(bytes, 0)
  const format = reader.next()
  if (format !== FORMAT) throw unreadable(`format ${format}`)
  const isClosed = reader.next() === 1
  const closedAt = reader.next()
  of.closedAt = isClosed ? closedAt : null
  of.orders = reader.next()
  of.changes = reader.next()
  of.covered = reader.next()
  of.revision = reader.next()
  of.cursor = reader.next() - 1
  of.items.restoreFloor(reader.next())
  of.pairs.restoreFloor(reader.next())
  const slots = [readNames, readItems, readPairs].map((read) => {
    const count = reader.next()
    return Array.from({ length: count }, () => read(of, reader))
  })
  if (reader.at !== bytes.length) throw unreadable(`${bytes.length} bytes, of which ${reader.at} are read`)
  return slots
}

function sizeOf({ names }: BasketWindow, slots: readonly (readonly number[])[]): number {
  let size = HEAD_BYTES
  for (const each of slots) size += each.length * SLOT_BYTES
  for (const id of slots[NAME]!) size += BYTES_A_CHARACTER * (names.textOf(id)?.length ?? 0)
  return size
}

function writeNames({ names }: BasketWindow, slots: readonly number[]): void {
  writer.long(slots.length)
  for (const id of slots) {
    writer.long(id)
    const text = names.textOf(id)
    writer.long(text === null ? 0 : 1)
    if (text !== null) writer.string(text)
  }
}

function writeItems({ items }: BasketWindow, slots: readonly number[]): void {
  writer.long(slots.length)
  for (const slot of slots) {
    writer.long(slot)
    if (!items.isUsed(slot)) {
      writer.long(0)
      continue
    }
    writer.long(items.keyOf(slot) + 1)
    writer.long(items.observedOf(slot))
    writer.long(items.errorOf(slot))
  }
}

function writePairs({ pairs, marks }: BasketWindow, slots: readonly number[]): void {
  writer.long(slots.length)
  for (const slot of slots) {
    writer.long(slot)
    if (!pairs.isUsed(slot)) {
      writer.long(0)
      continue
    }
    const key = pairs.keyOf(slot)
    writer.long(firstOf(key) + 1)
    writer.long(secondOf(key))
    writer.long(pairs.observedOf(slot))
    writer.long(pairs.errorOf(slot))
    writer.long(marks.marksOf(slot) & STORED)
  }
}

function readNames({ names }: BasketWindow, reader: VarintReader): number {
  const id = reader.next()
  if (reader.next() === 0) {
    names.restore(id, null)
    return id
  }
  const length = reader.next()
  const text = Buffer.from(reader.bytes.buffer, reader.bytes.byteOffset + reader.at, length).toString()
  reader.at += length
  names.restore(id, text)
  return id
}

function readItems({ items }: BasketWindow, reader: VarintReader): number {
  const slot = reader.next()
  const key = reader.next() - 1
  if (key < 0) items.restore(slot, null, 0, 0)
  else items.restore(slot, key, reader.next(), reader.next())
  return slot
}

function readPairs({ pairs, marks }: BasketWindow, reader: VarintReader): number {
  const slot = reader.next()
  const a = reader.next() - 1
  if (a < 0) {
    pairs.restore(slot, null, 0, 0)
    marks.restore(slot, 0)
    return slot
  }
  const key = pairKey(a, reader.next())
  pairs.restore(slot, key, reader.next(), reader.next())
  marks.restore(slot, reader.next())
  return slot
}

function unreadable(problem: string): AppError {
  return new AppError('STATE_UNREADABLE', `aggregate state: a segment of ${problem}`)
}
