import { describe, expect, test } from 'vitest'
import { seeded } from '../../../bench/random.ts'
import type { InputEvent } from '../../../schemas/events.ts'
import { evenly, thresholds } from '../../processors/build-thresholds.ts'
import { type Load, makeEvents } from '../chaos/make-events.ts'
import {
  copyOf,
  decodeChange,
  decodeCustomer,
  type Evidence,
  encodeChange,
  encodeCustomer,
  makeEvidence,
  makeReference,
  type Published,
  type Sent,
} from './build-evidence.ts'
import type { LogRecord } from './evidence.ts'
import type { FindingKind } from './findings.ts'
import { judgePartition } from './judge-partition.ts'

const UNTIL = Date.UTC(2026, 0, 1)
const DAY_MS = 86_400_000

function someLoad(seed: number, events: number, customers = 20): Load[] {
  const load = makeEvents({ random: seeded(seed), customers, events, until: UNTIL, ids: 'e' })
  return Array.from({ length: events }, () => load.next().value)
}

const sent: readonly Sent[] = [
  ...someLoad(1, 800),
  { topic: 'surveys', bytes: Buffer.from('{"json":true}'), reason: 'NOT_WIRE_FORMAT' },
  { topic: 'interactions', bytes: Buffer.alloc(0), reason: 'EMPTY_VALUE' },
  ...someLoad(2, 200).map((each) => renamed(each, 'second-')),
]

/** The same event under another id. */
function renamed(each: Load, prefix: string): Load {
  if ('erase' in each) return each
  return { topic: each.topic, event: { ...each.event, eventId: prefix + each.event.eventId } } as InputEvent
}

const right = makeEvidence(sent)

async function judge(evidence: Evidence, published: Published = {}) {
  return judgePartition(evidence, await makeReference(evidence, published))
}

async function findings(spoil: (evidence: Evidence) => void): Promise<FindingKind[]> {
  const evidence = copyOf(right)
  spoil(evidence)
  const { findings } = await judge(evidence)
  return [...new Set(findings.map(({ kind }) => kind))]
}

/** A record in the middle, of which the rest may be spoiled alone: its customer has more of them after it. */
function middleOf(records: readonly LogRecord[]): number {
  const half = Math.floor(records.length / 2)
  const at = records.findIndex(
    ({ key, value }, i) => i > half && value !== null && records.slice(i + 1).some((later) => same(later.key, key)),
  )
  expect(at).toBeGreaterThan(half)
  return at
}

const same = (a: Buffer | null, b: Buffer | null): boolean => a !== null && b !== null && a.equals(b)

function changeCustomer(evidence: Evidence, at: number, change: (customer: ReturnType<typeof decodeCustomer>) => void) {
  const record = evidence.customers[at]!
  const customer = decodeCustomer(record.value!)
  change(customer)
  evidence.customers[at] = { ...record, value: encodeCustomer(customer) }
}

describe('a run without a fault', () => {
  test('has no findings, and every input has its fate', async () => {
    const evidence = copyOf(right)
    const { findings, ...figures } = await judge(evidence)
    expect(findings).toEqual([])
    const { events, scored, duplicates, deadLetters, erasures } = figures
    expect(events).toBe(sent.length)
    expect(scored + duplicates + deadLetters + erasures).toBe(events)
    for (const each of [scored, duplicates, deadLetters, erasures]) expect(each).toBeGreaterThan(2)
    expect(figures.otherCauses).toBeGreaterThan(0)
    expect(figures.changes).toBeGreaterThan(20)
  })

  test('is judged by the settings that its records name', async () => {
    const settings = {
      acme: {
        version: 3,
        currency: 'JPY',
        reasons: 5,
        thresholds: { lead: [0.1, 0.2, 0.5, 0.7], churn: [0.2, 0.4] },
        margins: { lead: 0.05, churn: 0 },
        minIntervalMs: { lead: 86_400_000, churn: 3_600_000 },
        sessionGapMs: 60_000,
      },
    }
    const evidence = makeEvidence(sent, { settings })
    expect((await judge(evidence, { settings })).findings).toEqual([])
    expect((await judge(evidence)).findings.length).toBeGreaterThan(0)
    const other = { acme: { ...settings.acme, margins: { lead: 0.01, churn: 0 } } }
    expect((await judge(evidence, { settings: other })).findings.length).toBeGreaterThan(0)
  })

  test('is judged by the thresholds that its records name', async () => {
    const today = Math.floor(UNTIL / DAY_MS)
    const published: Published = {
      settings: {
        acme: {
          currency: 'GBP',
          thresholds: { tier: [0.2, 0.4, 0.6, 0.8] },
          margins: { tier: 0.1 },
          population: { loyaltyWeights: { recency: 0.9, frequency: 0.3, monetary: 0.1 } },
        },
      },
      thresholds: thresholds({
        recency: evenly(today - 100, today),
        frequency: evenly(1, 9),
        monetary: { GBP: evenly(0, 100_000), JPY: evenly(0, 20_000) },
      }),
    }
    const evidence = makeEvidence(sent, published)
    const { findings, changes } = await judge(evidence, published)
    expect(findings).toEqual([])
    const kinds = evidence.changes.map(({ value }) => decodeChange(value!).kind)
    expect(changes).toBe(kinds.length)
    for (const kind of ['segment', 'tier']) expect(kinds.filter((each) => each === kind).length).toBeGreaterThan(20)
    expect((await judge(evidence)).findings.length).toBeGreaterThan(0)
    const other = { ...published, thresholds: { ...published.thresholds!, segments: [6, 8, 10] } }
    expect((await judge(evidence, other)).findings.map(({ kind }) => kind)).toContain('wrongScores')
  })

  test('of one busy customer has duplicates that are too old to be remembered', async () => {
    const load = someLoad(3, 800, 1)
    const { findings, duplicates, scored, events, deadLetters, erasures } = await judge(makeEvidence(load))
    expect(findings).toEqual([])
    expect(duplicates).toBe(events - scored - deadLetters - erasures)
    expect(new Set(load.map((each) => JSON.stringify(each))).size).toBeLessThan(scored + erasures + deadLetters)
  })
})

describe('in customers', () => {
  test('a record that is missing is lost', async () => {
    const kinds = await findings((evidence) => evidence.customers.splice(middleOf(evidence.customers), 1))
    expect(kinds).toContain('lost')
  })

  test('the last record of a customer that is missing is lost', async () => {
    const kinds = await findings((evidence) => evidence.customers.pop())
    expect(kinds).toContain('lost')
  })

  test('a tombstone that is missing is lost', async () => {
    const kinds = await findings((evidence) => {
      evidence.customers.splice(
        evidence.customers.findIndex(({ value }) => value === null),
        1,
      )
    })
    expect(kinds).toContain('lost')
  })

  test('a record that is there twice is doubled', async () => {
    const kinds = await findings(({ customers }) => {
      customers.push({ ...customers[middleOf(customers)]!, offset: customers.at(-1)!.offset + 1 })
    })
    expect(kinds).toContain('doubled')
  })

  test('a duplicate that was scored although its id was remembered is doubled', async () => {
    const evidence = copyOf(right)
    const scored = evidence.customers[middleOf(evidence.customers)]!
    const topic = scored.headers.get('topic') as 'interactions'
    const input = evidence.inputs[topic][Number(scored.headers.get('offset'))]!
    const offset = evidence.inputs[topic].length
    evidence.inputs[topic].push({ ...input, offset })
    evidence.inputEnds[topic]++
    const headers = new Map([...scored.headers, ['offset', String(offset)]])
    const { length } = evidence.customers
    // Right behind the first, so that no other event can have pushed it out.
    evidence.customers.splice(evidence.customers.indexOf(scored) + 1, 0, {
      ...scored,
      offset: scored.offset + 0.5,
      headers,
    })
    expect(evidence.customers).toHaveLength(length + 1)
    expect((await judge(evidence)).findings.map(({ kind }) => kind)).toContain('doubled')
  })

  test('a result of nothing is doubled', async () => {
    const kinds = await findings(({ customers }) => {
      const last = customers.at(-1)!
      customers.push({ ...last, offset: last.offset + 1, headers: new Map([...last.headers, ['offset', '999999']]) })
    })
    expect(kinds).toContain('doubled')
  })

  test('a record that does not say where it came from is noticed', async () => {
    const kinds = await findings((evidence) => {
      const at = middleOf(evidence.customers)
      evidence.customers[at] = { ...evidence.customers[at]!, headers: new Map() }
    })
    expect(kinds).toContain('lost')
    expect(kinds).toContain('wrongScores')
  })

  test('two records that changed places are out of order', async () => {
    const kinds = await findings(({ customers }) => {
      const at = middleOf(customers)
      const topic = customers[at]!.headers.get('topic')
      const other = customers.findIndex((each, i) => i > at && each.headers.get('topic') === topic)
      const [a, b] = [customers[at]!, customers[other]!]
      customers[at] = { ...b, offset: a.offset }
      customers[other] = { ...a, offset: b.offset }
    })
    expect(kinds).toContain('outOfOrder')
  })

  test.each<[string, (customer: ReturnType<typeof decodeCustomer>) => void]>([
    ['lead probability', ({ lead }) => (lead.probability += 1e-6)],
    ['lead score', ({ lead }) => (lead.score += 1)],
    ['grade', ({ lead }) => (lead.grade = lead.grade === 'F' ? 'D' : 'F')],
    ['churn risk', ({ churn }) => (churn.risk -= 1e-6)],
    ['band', ({ churn }) => (churn.band = churn.band === 'Low' ? 'High' : 'Low')],
    ['contribution of a reason', ({ lead }) => (lead.reasons[0]!.contribution *= 1.001)],
    ['value of a reason', ({ churn }) => (churn.reasons[0]!.value += 0.01)],
    ['order of the reasons', ({ lead }) => lead.reasons.reverse()],
    ['number of reasons', ({ churn }) => churn.reasons.pop()],
    ['recency', ({ rfm }) => (rfm.recencyDays = (rfm.recencyDays ?? 0) + 1)],
    ['frequency', ({ rfm }) => (rfm.frequency += 1)],
    ['money', ({ rfm }) => (rfm.monetaryMinor += 1)],
    ['asOf', (customer) => (customer.asOf += 1)],
    ['event id', (customer) => (customer.eventId = 'another')],
    ['settings version', (customer) => (customer.settingsVersion = 7)],
    ['model version', ({ churn }) => (churn.modelVersion = 'unheard-of')],
  ])('a changed %s is wrong', async (_, change) => {
    const kinds = await findings((evidence) => changeCustomer(evidence, middleOf(evidence.customers), change))
    expect(kinds).toContain('wrongScores')
  })

  test('a changed state is wrong', async () => {
    const kinds = await findings((evidence) => {
      const newest = evidence.customers.findLastIndex(({ value }) => value !== null)
      const other = evidence.customers.findIndex(({ value }) => value !== null)
      const { state } = decodeCustomer(evidence.customers[other]!.value!)
      changeCustomer(evidence, newest, (customer) => {
        customer.state = state
      })
    })
    expect(kinds).toContain('wrongScores')
  })
})

describe('in the inputs', () => {
  test('a record that nobody read is lost', async () => {
    const kinds = await findings(({ inputs, inputEnds }) => {
      inputs.interactions.push({
        ...inputs.interactions[0]!,
        offset: inputs.interactions.length,
        key: Buffer.from('acme/x'),
      })
      inputEnds.interactions++
    })
    expect(kinds).toContain('lost')
  })

  test('an event that nothing came of is lost, even if it was scored under the same id long ago', async () => {
    const kinds = await findings(({ inputs, inputEnds, customers }) => {
      const busiest = busiestKey(customers)
      const first = customers.find(
        ({ key, headers }) => String(key) === busiest && headers.get('topic') === 'interactions',
      )!
      const input = inputs.interactions[Number(first.headers.get('offset'))]!
      inputs.interactions.push({ ...input, offset: inputs.interactions.length })
      inputEnds.interactions++
    })
    expect(kinds).toContain('lost')
  })

  test('a gap in what the oracle itself could read is noticed', async () => {
    expect(await findings(({ inputEnds }) => inputEnds.surveys++)).toContain('lost')
  })
})

function busiestKey(records: readonly LogRecord[]): string {
  const byKey = Map.groupBy(records, ({ key }) => String(key))
  return [...byKey].toSorted((a, b) => b[1].length - a[1].length)[0]![0]
}

describe('in score-changes', () => {
  test('a change that is missing is found', async () => {
    const kinds = await findings(({ changes }) => changes.splice(changes.length >> 1, 1))
    expect(kinds).toEqual(['wrongChanges'])
  })

  test('the last change that is missing is found', async () => {
    expect(await findings(({ changes }) => changes.pop())).toEqual(['wrongChanges'])
  })

  test('a change that is there twice is found', async () => {
    expect(await findings(({ changes }) => changes.push(changes.at(-1)!))).toEqual(['wrongChanges'])
  })

  test.each<[string, (change: ReturnType<typeof decodeChange>) => void]>([
    ['aim', (change) => (change.to = change.to === 'A' ? 'B' : 'A')],
    ['value', (change) => (change.toValue += 1e-6)],
    ['start', (change) => (change.fromValue = (change.fromValue ?? 0) + 0.1)],
    ['reason', (change) => change.reasons.pop()],
    ['event', (change) => (change.eventId = 'another')],
    ['time', (change) => (change.occurredAt += 1)],
  ])('a changed %s is found', async (_, spoil) => {
    const kinds = await findings(({ changes }) => {
      const at = changes.length >> 1
      const change = decodeChange(changes[at]!.value!)
      spoil(change)
      changes[at] = { ...changes[at]!, value: encodeChange(change) }
    })
    expect(kinds).toEqual(['wrongChanges'])
  })
})

describe('in population-deltas', () => {
  test('a delta that is missing is found', async () => {
    expect(await findings(({ populationDeltas }) => populationDeltas.splice(5, 1))).toEqual(['wrongPopulations'])
  })

  test('a delta that is there twice is found', async () => {
    const kinds = await findings(({ populationDeltas }) => populationDeltas.push(populationDeltas[7]!))
    expect(kinds).toEqual(['wrongPopulations'])
  })
})

describe('in dead-letters', () => {
  test('a bad record that is missing is lost', async () => {
    expect(await findings(({ deadLetters }) => deadLetters.splice(3, 1))).toEqual(['lost'])
  })

  test('a good event is lost', async () => {
    const kinds = await findings((evidence) => {
      const at = middleOf(evidence.customers)
      const [record] = evidence.customers.splice(at, 1)
      const topic = record!.headers.get('topic') as 'interactions'
      const input = evidence.inputs[topic][Number(record!.headers.get('offset'))]!
      evidence.deadLetters.push({ ...input, headers: new Map([...record!.headers, ['reason', 'PROCESSOR_ERROR']]) })
    })
    expect(kinds).toContain('lost')
  })

  test('a record that is there twice is doubled', async () => {
    const kinds = await findings(({ deadLetters }) => deadLetters.push(deadLetters.at(-1)!))
    expect(kinds).toEqual(['doubled'])
  })

  test('other bytes or another reason are found', async () => {
    const bytes = await findings(({ deadLetters }) => {
      deadLetters[2] = { ...deadLetters[2]!, value: Buffer.from('else') }
    })
    expect(bytes).toEqual(['wrongDeadLetters'])
    const reason = await findings(({ deadLetters }) => {
      const letter = deadLetters[2]!
      deadLetters[2] = { ...letter, headers: new Map([...letter.headers, ['reason', 'SOMETHING']]) }
    })
    expect(reason).toEqual(['wrongDeadLetters'])
  })
})

describe('in Redis', () => {
  test.each<[string, (view: Evidence['view']) => void]>([
    ['an older value', (view) => view.customers.set('acme/c0', view.customers.get('acme/c2')!)],
    ['a missing customer', (view) => view.customers.delete('acme/c2')],
    ['a customer of nobody', (view) => view.customers.set('acme/nobody', view.customers.get('acme/c2')!)],
    ['a wrong place in a list', (view) => view.tops.get('lead/acme')!.set('c2', 1)],
    ['a missing place in a list', (view) => view.tops.get('churn/acme')!.delete('c2')],
    ['a stranger in a list', (view) => view.tops.get('recent/bolt')!.set('nobody', 1)],
    ['a missing tenant', (view) => view.tenants.pop()],
    ['an old position', (view) => (view.offset = view.offset! - 1)],
    ['no position', (view) => (view.offset = null)],
    ['no stream time', (view) => view.streamTimes.delete('bolt')],
    ['a stream time that ran ahead', (view) => view.streamTimes.set('acme', view.streamTimes.get('acme')! + 1)],
    ['a stream time that stayed behind', (view) => view.streamTimes.set('acme', UNTIL - 2 * DAY_MS)],
    ['a mark that stayed', (view) => (view.rebuilding = true)],
  ])('%s is a difference', async (_, spoil) => {
    expect(await findings(({ view }) => spoil(view))).toEqual(['different'])
  })
})
