import { describe, expect, test } from 'vitest'
import type { LogRecord } from './evidence.ts'
import { decodeCustomer, encodeCustomer } from './evidence-codecs.ts'
import { findings, judge, middleOf, right } from './spoil.ts'
import { copyOf, type Evidence } from './spoilable-evidence.ts'

function changeCustomer(evidence: Evidence, at: number, change: (customer: ReturnType<typeof decodeCustomer>) => void) {
  const record = evidence.customers[at]!
  const customer = decodeCustomer(record.value!)
  change(customer)
  evidence.customers[at] = { ...record, value: encodeCustomer(customer) }
}

describe('in customers', () => {
  test('a record that is missing is lost', async () => {
    const kinds = await findings((evidence) => evidence.customers.splice(middleOf(evidence.customers), 1))
    expect(kinds).toContain('lost')
  })

  test('the last record of a customer that is missing is lost', async () => {
    const kinds = await findings(({ customers }) =>
      customers.splice(
        customers.findLastIndex(({ headers }) => headers.has('topic')),
        1,
      ),
    )
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
      const last = customers.findLast(({ headers }) => headers.has('topic'))!
      customers.push({
        ...last,
        offset: customers.at(-1)!.offset + 1,
        headers: new Map([...last.headers, ['offset', '999999']]),
      })
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

  test('two records of a customer that changed places are out of order', async () => {
    const kinds = await findings(({ customers }) => {
      const key = busiestKey(customers)
      const mine = customers.filter((each) => String(each.key) === key && each.headers.get('topic') === 'interactions')
      const [a, b] = [mine.at(-2)!, mine.at(-1)!]
      customers[customers.indexOf(a)] = { ...b, offset: a.offset }
      customers[customers.indexOf(b)] = { ...a, offset: b.offset }
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

  test('a newest record without a state is wrong', async () => {
    const kinds = await findings((evidence) => {
      const newest = evidence.customers.findLastIndex(({ value }) => value !== null)
      changeCustomer(evidence, newest, (customer) => {
        customer.state = Buffer.alloc(0)
      })
    })
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
