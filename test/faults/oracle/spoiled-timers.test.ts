import { describe, expect, test } from 'vitest'
import { decodeCustomer, encodeCustomer } from './evidence-codecs.ts'
import { findings, right } from './spoil.ts'
import type { Evidence } from './spoilable-evidence.ts'

/** Positions of the records of timers that were followed by another record of their customer, or were not. */
function timersOf({ customers }: Evidence, followed: boolean): number[] {
  return [...customers.keys()].filter((at) => {
    const { key, value } = customers[at]!
    if (value === null || decodeCustomer(value).cause !== 'timer') return false
    return customers.slice(at + 1).some((later) => later.key!.equals(key!)) === followed
  })
}

/** As if the timer had never been: neither its record nor what it said. */
function forget({ customers, changes }: Evidence, at: number): void {
  const { eventId } = decodeCustomer(customers[at]!.value!)
  customers.splice(at, 1)
  for (const change of [...changes]) {
    if (String(change.value).includes(eventId)) changes.splice(changes.indexOf(change), 1)
  }
}

describe('of quiet customers', () => {
  test('the run has timers before events and at its end', () => {
    expect(timersOf(right, true).length).toBeGreaterThan(20)
    expect(timersOf(right, false).length).toBeGreaterThan(1)
  })

  test.each([true, false])('a timer that did not fire is missed (an event follows: %s)', async (followed) => {
    const kinds = await findings((evidence) => forget(evidence, timersOf(evidence, followed)[1]!))
    expect(kinds).toContain('wrongTimers')
  })

  test.each<[string, number]>([
    ['a minute too early', -60_000],
    ['a minute too late', 60_000],
  ])('a timer that fired %s is found', async (_, by) => {
    const kinds = await findings((evidence) => {
      const at = timersOf(evidence, false)[1]!
      const record = evidence.customers[at]!
      const customer = decodeCustomer(record.value!)
      customer.asOf += by
      customer.occurredAt += by
      customer.eventId = `timer:${record.key}:${customer.asOf}`
      evidence.customers[at] = { ...record, value: encodeCustomer(customer) }
    })
    expect(kinds).toContain(by > 0 ? 'wrongTimers' : 'wrongScores')
  })

  test('a timer that fired twice is found', async () => {
    const kinds = await findings(({ customers, changes }) => {
      const at = timersOf({ ...right, customers }, true)[5]!
      const { eventId } = decodeCustomer(customers[at]!.value!)
      customers.splice(at, 0, customers[at]!)
      const change = changes.find(({ value }) => String(value).includes(eventId))!
      changes.splice(changes.indexOf(change), 0, change)
    })
    expect(kinds).toContain('wrongTimers')
  })

  test('a timer of a time that had not come is found', async () => {
    const kinds = await findings(({ customers }) => {
      for (const [at, record] of customers.entries()) customers[at] = { ...record, timestamp: 0 }
    })
    expect(kinds).toEqual(['wrongTimers'])
  })
})
