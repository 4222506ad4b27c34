import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readInvoices } from '../../demo/books/read-invoices.ts'
import { firstInvoices } from '../../demo/first-invoices.ts'
import { DEMO_FILE, readTransactions } from '../../demo/simulator/demo-events.ts'
import { compareEvents } from '../../demo/simulator/event-order.ts'
import { simulate } from '../../demo/simulator/simulate.ts'
import type { InputEvent } from '../../schemas/events.ts'
import { transactions } from './build-transactions.ts'
import { collect } from './collect.ts'

const FILE = `invoice,stock_code,description,quantity,invoice_ts,unit_price,customer_id,country
2,A,"SIGN, ""HOME""",3,2011-01-02T10:00:00,0.335,17,France
1,A,LAMP,2,2011-01-01T10:00:00,2.55,17,France
2,B,,1,2011-01-02T10:01:00,1.25,17,France
C3,A,LAMP,-1,2011-01-03T10:00:00,2.55,17,France
4,A,LAMP,1,2011-01-01T09:00:00,9.99,,France
`

describe('readInvoices', () => {
  let folder = ''
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'everscore-test-'))
  })
  afterAll(() => rm(folder, { recursive: true }))

  it('sums the lines of each invoice of a known customer, in the order of time', async () => {
    const path = join(folder, 'retail.csv.gz')
    await writeFile(path, gzipSync(FILE))
    const invoices = await readInvoices(path)
    expect(
      invoices.map(({ eventId, type, amountMinor, occurredAt }) => [eventId, type, amountMinor, occurredAt]),
    ).toEqual([
      ['retail-1', 'PURCHASE', 510, Date.UTC(2011, 0, 1, 10)],
      ['retail-2', 'PURCHASE', 226, Date.UTC(2011, 0, 2, 10)],
      ['retail-C3', 'REFUND', 255, Date.UTC(2011, 0, 3, 10)],
    ])
  })

  it('reads the whole log as the replay does, by another way', async () => {
    const replayed = (await readTransactions(DEMO_FILE)).map((event): InputEvent => ({ topic: 'transactions', event }))
    const facts = ({
      eventId,
      type,
      occurredAt,
      amountMinor,
      customerId,
    }: Awaited<ReturnType<typeof readInvoices>>[0]) => `${eventId} ${type} ${occurredAt} ${amountMinor} ${customerId}`
    const wanted = replayed.sort(compareEvents).map(({ event }) => facts(event as never)) // transactions, as made above
    expect((await readInvoices(fileURLToPath(DEMO_FILE))).map(facts)).toEqual(wanted)
  })
})

describe('firstInvoices', () => {
  const purchases = transactions(12)
  const real = purchases.map((event): InputEvent => ({ topic: 'transactions', event }))
  const all = [...real, ...simulate(purchases, { seed: 1 })].sort(compareEvents)
  async function* stream(): AsyncGenerator<InputEvent> {
    yield* all
  }

  it('ends with the last of so many invoices', async () => {
    const some = await collect(firstInvoices(stream(), 5))
    expect(some).toEqual(all.slice(0, some.length))
    expect(some.filter(({ topic }) => topic === 'transactions')).toHaveLength(5)
    expect(some.at(-1)?.topic).toBe('transactions')
  })

  it('leaves everything as it is without a limit, or with one that is never reached', async () => {
    expect(await collect(firstInvoices(stream(), null))).toEqual(all)
    expect(await collect(firstInvoices(stream(), 1_000))).toEqual(all)
  })
})
