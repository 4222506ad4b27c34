import { expect, test } from 'vitest'
import { at, capacityFor, coresAt, kafkaBytes, type Measured, redisLine } from '../../scripts/pages/capacity.ts'

const measured: Measured = {
  rates: [
    { ratePerSecond: 3, workerCores: 0.01, redisCores: 0.01, brokerCores: 0.02 },
    { ratePerSecond: 2_000, workerCores: 0.1, redisCores: 0.02, brokerCores: 0.08 },
    { ratePerSecond: 10_000, workerCores: 0.3, redisCores: 0.1, brokerCores: 0.2 },
  ],
  backlogMicros: 50,
  stores: [
    { knownCustomers: 1_000_000, redisMib: 1_010 },
    { knownCustomers: 10_000, redisMib: 20 },
    { knownCustomers: 100_000, redisMib: 115 },
  ],
  logBytesPerEvent: { interactions: 70, customers: 500, 'score-changes': 10, __transaction_state: 3 },
}

test('busy cores lie between those at the next rates; beyond the last a backlog tells', () => {
  expect(coresAt(measured, 1)).toBeCloseTo(0.04, 12)
  expect(coresAt(measured, 3)).toBeCloseTo(0.04, 12)
  expect(coresAt(measured, 1_001.5)).toBeCloseTo(0.12, 12)
  expect(coresAt(measured, 2_000)).toBeCloseTo(0.2, 12)
  expect(coresAt(measured, 5_000)).toBeCloseTo(0.35, 12)
  expect(coresAt(measured, 20_000)).toBeCloseTo(0.6 + 0.5, 12)
})

test('memory lies on the line through the smallest store and the largest', () => {
  const redis = redisLine(measured)!
  expect(at(redis, 10_000)).toBeCloseTo(20, 9)
  expect(at(redis, 2_010_000)).toBeCloseTo(2_020, 9)
})

test('disk holds the days that are kept, a month of them at most, and of customers six hours and one record each', () => {
  const demand = { eventsPerSecond: 10, customers: 1_000, days: 7 }
  const daily = 10 * 86_400
  expect(kafkaBytes(measured.logBytesPerEvent, demand)).toBe(7 * daily * 80 + 500 * (10 * 6 * 3_600 + 1_000))
  expect(kafkaBytes({ interactions: 1 }, { ...demand, days: 365 })).toBe(30 * daily)
})

test('a demand takes its share of each', () => {
  const needed = capacityFor(redisLine(measured)!, measured, { eventsPerSecond: 20_000, customers: 2_010_000, days: 1 })
  expect(needed.cores).toBeCloseTo(1.1, 9)
  expect(needed.leastCores).toBeCloseTo(1, 9)
  expect(needed.redisMib).toBeCloseTo(2_020, 6)
  expect(needed.kafkaGib).toBeCloseTo((20_000 * 86_400 * 80 + 500 * (20_000 * 21_600 + 2_010_000)) / 2 ** 30, 6)
})
