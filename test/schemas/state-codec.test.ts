import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ADDED_FIELDS, type AddedField } from '../../schemas/added-fields.ts'
import { ANSWERS, COUNTER_WIDTH, type CustomerState, RECENT_EVENTS } from '../../schemas/customer-state.ts'
import { cloneState, newCustomerState } from '../../schemas/new-state.ts'
import { MAX, putVarint } from '../../schemas/state-bytes.ts'
import { decodeState, encodeState, STATE_FORMAT } from '../../schemas/state-codec.ts'
import { anyState } from './any-state.ts'
import { example, STORED_STATES } from './stored-states.ts'

function bytesOf(state: CustomerState, added = ADDED_FIELDS): Buffer {
  const into = Buffer.alloc(65_536)
  return into.subarray(0, encodeState(state, into, 0, added))
}

describe('the state codec', () => {
  it('gives back what it wrote, and the same bytes for the same state', () => {
    fc.assert(
      fc.property(anyState, (state) => {
        const bytes = bytesOf(state)
        expect(decodeState(bytes)).toEqual(state)
        expect(bytesOf(decodeState(bytes)).equals(bytes)).toBe(true)
      }),
    )
  })

  it('writes a ring of event ids oldest first, wherever it begins', () => {
    const recent = Array.from({ length: 2 * RECENT_EVENTS }, (_, i) => i)
    const turned = [...recent.slice(-10), ...recent.slice(0, -10)]
    const bytes = bytesOf({ ...newCustomerState(), newestAt: 5, recent: turned, recentNext: 10 })
    expect(decodeState(bytes)).toMatchObject({ recent, recentNext: 0 })
  })

  it.each(STORED_STATES)('reads what was stored: $what', ({ hex, state }) => {
    expect(decodeState(Buffer.from(hex, 'hex'))).toEqual(state)
  })

  it('goes on writing what it wrote', () => {
    const current = STORED_STATES.filter(({ hex }) => Number.parseInt(hex.slice(0, 2), 16) === STATE_FORMAT)
    for (const { hex, state } of current) expect(bytesOf(state).toString('hex')).toBe(hex)
  })

  it('writes where it is told to, also into a part of a larger buffer', () => {
    const whole = Buffer.alloc(1000, 0xee)
    const part = whole.subarray(100, 900)
    const end = encodeState(example, part, 7)
    expect(decodeState(part.subarray(7, end))).toEqual(example)
    expect(whole.subarray(0, 107).every((byte) => byte === 0xee)).toBe(true)
    expect(whole.subarray(100 + end).every((byte) => byte === 0xee)).toBe(true)
  })

  it('throws RangeError when the state does not fit, and writes nothing past the buffer', () => {
    const { length } = bytesOf(example)
    for (let size = 0; size < length; size++) {
      const whole = Buffer.alloc(length + 64, 0xee)
      expect(() => encodeState(example, whole.subarray(0, size), 0), `${size} bytes`).toThrow(RangeError)
      expect(whole.subarray(size).every((byte) => byte === 0xee)).toBe(true)
    }
    expect(encodeState(example, Buffer.alloc(length), 0)).toBe(length)
  })

  it('is small: below 400 bytes with five kinds of events, a full sheet of scores and 16 event ids', () => {
    const types = Array.from({ length: 5 * COUNTER_WIDTH }, (_, i) => i / 3)
    const hashes = Array.from({ length: 32 }, (_, i) => i * 99_999_999)
    const typical = { ...example, counted: 0b11111, counters: types.map((n, i) => (i % 4 ? n : i)), recent: hashes }
    expect(bytesOf({ ...typical, recentNext: 32 }).length).toBeLessThan(400)
    expect(bytesOf(newCustomerState()).length).toBeLessThan(40)
  })

  it.each<[string, (bytes: Buffer) => Buffer]>([
    ['nothing', () => Buffer.alloc(0)],
    ['another format', (bytes) => Buffer.concat([Buffer.from([3]), bytes.subarray(1)])],
    ['bytes that follow', (bytes) => Buffer.concat([bytes, Buffer.from([0])])],
    ['a number without end', (bytes) => Buffer.concat([bytes.subarray(0, 1), Buffer.alloc(20, 0xff)])],
    ['more hashes than a ring holds', (bytes) => Buffer.concat([bytes.subarray(0, -18), Buffer.from([33])])],
  ])('refuses %s as STATE_UNREADABLE', (_name, damage) => {
    expect(() => decodeState(damage(bytesOf(example)))).toThrow(expect.objectContaining({ code: 'STATE_UNREADABLE' }))
  })

  it('refuses a state that was cut anywhere', () => {
    const bytes = bytesOf(example)
    for (let length = 0; length < bytes.length; length++) {
      expect(() => decodeState(bytes.subarray(0, length))).toThrow(
        expect.objectContaining({ code: 'STATE_UNREADABLE' }),
      )
    }
  })

  it('does not write a state that breaks its own rules', () => {
    const broken = { ...example, lastPurchaseAt: example.newestAt + 5 }
    expect(() => bytesOf(broken)).toThrow(expect.objectContaining({ code: 'INTERNAL' }))
  })
})

describe('the state codec, from release to release', () => {
  /** A state of a later release, which has one field more. */
  interface LaterState extends CustomerState {
    visits?: number
  }
  const later: readonly AddedField[] = [
    ...ADDED_FIELDS,
    {
      present: (state: LaterState) => state.visits !== undefined,
      put: (view, at, state: LaterState) => putVarint(view, at, state.visits!),
      read: (reader, state: LaterState) => {
        state.visits = reader.varint(MAX)
      },
    },
  ]
  const visited: LaterState = { ...example, visits: 300 }
  const laterBytes = bytesOf(visited, later)

  it('gives a field that was added its default in a state stored before', () => {
    expect(decodeState(bytesOf(example), later)).toEqual(example)
    expect(decodeState(laterBytes, later)).toEqual(visited)
  })

  it('writes a field only where it has another value than a new state', () => {
    expect(bytesOf(example, later).equals(bytesOf(example))).toBe(true)
    for (const [i, field] of ADDED_FIELDS.entries())
      expect(field.present(newCustomerState()), `field ${i + 1}`).toBe(false)
  })

  it('refuses a field that only a newer release knows, rather than forget it', () => {
    expect(() => decodeState(laterBytes)).toThrow(
      expect.objectContaining({
        code: 'STATE_UNREADABLE',
        message: expect.stringContaining('a newer release wrote it'),
      }),
    )
  })

  it('refuses a field that is there twice, or was cut anywhere', () => {
    const field = laterBytes.subarray(bytesOf(example).length - 1, -1)
    const unreadable = expect.objectContaining({ code: 'STATE_UNREADABLE' })
    expect(() => decodeState(Buffer.concat([laterBytes.subarray(0, -1), field, Buffer.from([0])]), later)).toThrow(
      unreadable,
    )
    for (let length = 0; length < laterBytes.length; length++) {
      expect(() => decodeState(laterBytes.subarray(0, length), later), `${length} bytes`).toThrow(unreadable)
    }
  })

  it('has stored bytes for every field that was added', () => {
    const states = STORED_STATES.map(({ hex }) => decodeState(Buffer.from(hex, 'hex')))
    for (const [i, field] of ADDED_FIELDS.entries()) expect(states.some(field.present), `field ${i + 1}`).toBe(true)
  })
})

describe('cloneState', () => {
  it('gives an equal state whose changes the original does not see', () => {
    const copy = cloneState(example)
    expect(copy).toEqual(example)
    copy.counters[0] = 0
    copy.answers[0] = 0
    copy.recent[0] = 0
    expect([example.counters[0], example.answers[0], example.recent[0]]).toEqual([300, 9, 1])
    expect(ANSWERS).toHaveLength(example.answers.length / 2)
  })

  it('copies every field there is', () => {
    expect(Object.keys(cloneState(newCustomerState()))).toEqual(Object.keys(newCustomerState()))
  })
})
