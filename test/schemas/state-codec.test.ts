import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  ANSWERS,
  COUNTED,
  COUNTER_WIDTH,
  type CustomerState,
  cloneState,
  NEVER,
  newCustomerState,
  RECENT_EVENTS,
} from '../../schemas/customer-state.ts'
import { decodeState, encodeState } from '../../schemas/state-codec.ts'

const NEWEST = Date.UTC(2026, 0, 1)
const time = fc.oneof(fc.constant(NEVER), fc.integer({ min: 0, max: NEWEST }))
const amount = fc.oneof(fc.nat(), fc.maxSafeNat())
const double = fc.double({ noNaN: true })
const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })

const counted = fc.nat({ max: 2 ** COUNTED.length - 1 }).chain((mask) => {
  const rows = mask.toString(2).replaceAll('0', '').length
  const row = fc.tuple(amount, double, double, double)
  return fc.record({
    counted: fc.constant(mask),
    counters: fc.array(row, { minLength: rows, maxLength: rows }).map((filled) => filled.flat()),
  })
})

const held = (kind: 'lead' | 'churn', classes: number) =>
  fc
    .tuple(fc.nat({ max: classes - 1 }), amount, double)
    .chain(([index, since, value]) =>
      fc.constantFrom(
        { [`${kind}Held`]: NEVER, [`${kind}HeldSince`]: NEVER, [`${kind}HeldValue`]: 0 },
        { [`${kind}Held`]: index, [`${kind}HeldSince`]: since, [`${kind}HeldValue`]: value },
      ),
    )

const anyState: fc.Arbitrary<CustomerState> = fc
  .tuple(
    fc.record({
      firstSeenAt: time,
      lastActiveAt: time,
      lastInteractionAt: time,
      sessions: amount,
      purchases: amount,
      refunds: amount,
      failedPayments: amount,
      lastPurchaseAt: time,
      gaps: fc.integer({ min: 1 }),
      gapMeanDays: double,
      gapM2: double,
      money: fc.array(
        fc.record({
          currency: fc.constantFrom('EUR', 'GBP'),
          firstAt: time,
          purchasedMinor: amount,
          refundedMinor: amount,
        }),
        { minLength: 1, maxLength: 8 },
      ),
      reporting: fc.constantFrom(NEVER, 0),
      subscription: fc.nat({ max: 2 }),
      subscriptionAt: time,
      answers: fc
        .array(fc.constantFrom([NEVER, NEVER], [7, NEWEST], [0, 5]), { minLength: 3, maxLength: 3 })
        .map((answers) => answers.flat()),
      nextTimerAt: amount,
      traits: fc.array(
        fc.record({
          name: fc.string({ unit: 'grapheme', maxLength: 200 }),
          value: fc.oneof(fc.string({ unit: 'binary', maxLength: 300 }), fc.boolean(), double, fc.constant(null)),
          at: time,
        }),
        { maxLength: 5 },
      ),
      recent: fc.array(fc.tuple(int32, int32), { maxLength: RECENT_EVENTS - 1 }).map((pairs) => pairs.flat()),
    }),
    counted,
    held('lead', 5),
    held('churn', 3),
    fc.constantFrom({ outcome: NEVER, outcomeAt: NEVER }, { outcome: 3, outcomeAt: 12 }),
  )
  .map(([fields, ...more]) => ({
    ...newCustomerState(),
    newestAt: NEWEST,
    ...fields,
    ...Object.assign({}, ...more),
    recentNext: fields.recent.length,
  }))

function bytesOf(state: CustomerState): Buffer {
  const into = Buffer.alloc(65_536)
  return into.subarray(0, encodeState(state, into, 0))
}

const example: CustomerState = {
  ...newCustomerState(),
  firstSeenAt: NEWEST - 1000,
  newestAt: NEWEST,
  lastActiveAt: NEWEST,
  lastInteractionAt: NEWEST,
  sessions: 2,
  counted: 0b1001,
  counters: [300, 1.5, 2.5, 3.5, 1, 0.25, 0.5, 0.75],
  purchases: 2,
  refunds: 1,
  lastPurchaseAt: NEWEST - 500,
  gaps: 1,
  gapMeanDays: 3.25,
  money: [{ currency: 'GBP', firstAt: NEWEST - 900, purchasedMinor: 12_345, refundedMinor: 45 }],
  reporting: 0,
  subscription: 1,
  subscriptionAt: NEWEST - 1,
  answers: [9, NEWEST - 2, NEVER, NEVER, NEVER, NEVER],
  traits: [
    { name: 'city', value: 'Zürich', at: NEWEST - 3 },
    { name: 'plan', value: null, at: NEWEST },
    { name: 'seats', value: 12, at: NEWEST },
    { name: 'vip', value: true, at: NEWEST },
  ],
  outcome: 0,
  outcomeAt: NEWEST,
  leadHeld: 3,
  leadHeldSince: NEWEST - 1000,
  leadHeldValue: 0.625,
  churnHeld: 0,
  churnHeldSince: NEWEST,
  churnHeldValue: 0.125,
  nextTimerAt: NEWEST + 86_400_000,
  recent: [1, -1, 2 ** 31 - 1, -(2 ** 31)],
  recentNext: 4,
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

  it('never changes format 1: states that were stored stay readable', () => {
    const stored = [
      '0181d0eab6b733e90701010209ac02000000000000f83f00000000000004400000000000000c4001000000000000d03f0000',
      '00000000e03f000000000000e83f020100f503010000000000000a40000000000000000001034742508507b9602d01010203',
      '09000001000498c8eab6b733000000000000e43f0180d0eab6b733000000000000c03f808884e0b733040463697479040407',
      '5ac3bc7269636804706c616e0100057365617473010300000000000028400376697001020201000000ffffffffffffff7f00',
      '000080',
    ].join('')
    expect(bytesOf(example).toString('hex')).toBe(stored)
    expect(decodeState(Buffer.from(stored, 'hex'))).toEqual(example)
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
    ['another format', (bytes) => Buffer.concat([Buffer.from([2]), bytes.subarray(1)])],
    ['bytes that follow', (bytes) => Buffer.concat([bytes, Buffer.from([0])])],
    ['a number without end', (bytes) => Buffer.concat([bytes.subarray(0, 1), Buffer.alloc(20, 0xff)])],
    ['more hashes than a ring holds', (bytes) => Buffer.concat([bytes.subarray(0, -17), Buffer.from([33])])],
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
    const broken = { ...example, lastPurchaseAt: NEWEST + 5 }
    expect(() => bytesOf(broken)).toThrow(expect.objectContaining({ code: 'INTERNAL' }))
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
