import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { beforeAll, describe, expect, it } from 'vitest'
import { MemoryEventWriter } from '../../../connectors/file-replay/memory-event-writer.ts'
import { type ReplayReport, replayFile } from '../../../connectors/file-replay/replay.ts'
import { shippedMapping } from '../../../connectors/file-replay/shipped-mappings.ts'
import type { Transaction } from '../../../schemas/avro/transaction.ts'
import { TemporaryFolder } from './build-replay.ts'

const FILE = new URL('../../../demo/data/online_retail.csv.gz', import.meta.url)

interface Invoice {
  readonly customer: string
  readonly time: string
  rows: number
  pieces: number
  /** Tenths of a penny: the file has up to three decimals. */
  thousandths: bigint
}

/** The invoices of the file by other means: a regular expression for the rows, integers of a tenth of a penny. */
function readInvoices(): Map<string, Invoice> {
  const text = gunzipSync(readFileSync(FILE)).toString('utf8')
  const row = /^([^,]+),[^,]+,(?:"(?:[^"]|"")*"|[^",]*),(-?\d+),([^,]+),(-?)(\d+)\.?(\d*),(\d*),[^,\n]+$/gm
  const invoices = new Map<string, Invoice>()
  for (const [, id, quantity, time, sign, pounds, fraction, customer] of text.matchAll(row)) {
    const invoice = invoices.get(id!) ?? { customer: customer!, time: time!, rows: 0, pieces: 0, thousandths: 0n }
    invoices.set(id!, invoice)
    invoice.rows++
    invoice.pieces += Number(quantity)
    invoice.thousandths += BigInt(quantity!) * BigInt(`${sign}${pounds}${fraction!.padEnd(3, '0')}`)
  }
  return invoices
}

const sum = <T>(items: readonly T[], of: (item: T) => number) => items.reduce((total, item) => total + of(item), 0)

describe('the mapping online-retail', () => {
  const invoices = readInvoices()
  const known = [...invoices].filter(([, { customer }]) => customer !== '')
  const writer = new MemoryEventWriter()
  let report: ReplayReport
  let transactions: Transaction[]

  beforeAll(async () => {
    using folder = new TemporaryFolder()
    const path = folder.file('online_retail.csv', readFileSync(FILE))
    report = await replayFile({ path, mapping: shippedMapping('online-retail'), writer })
    transactions = writer.events.map(({ topic, event }) => {
      expect(topic).toBe('transactions')
      return event as Transaction
    })
  }, 60_000)

  it('accounts for every row of the file', () => {
    expect(report).toMatchObject({
      records: 541_909,
      events: 22_190,
      skipped: { guest: { groups: 3710, records: 135_080 } },
      rejectedRecords: 0,
    })
    expect(sum([...invoices.values()], ({ rows }) => rows)).toBe(report.records)
    expect(known).toHaveLength(report.events)
    expect(sum(transactions, ({ lines }) => lines.length)).toBe(541_909 - 135_080)
  })

  it('makes each invoice of a customer one transaction of its exact amount', () => {
    const expected = known.map(([id, { customer, time, rows, pieces, thousandths }]) => {
      const size = thousandths < 0n ? -thousandths : thousandths
      const head = { eventId: `retail-${id}`, customerId: customer, occurredAt: Date.parse(`${time}Z`) }
      const type = id.startsWith('C') ? 'REFUND' : 'PURCHASE'
      return { ...head, type, amountMinor: Number((size + 5n) / 10n), rows, pieces: Math.abs(pieces) }
    })
    const actual = transactions.map(({ eventId, customerId, occurredAt, type, amountMinor, lines }) => {
      const pieces = sum(lines, ({ quantity }) => quantity)
      return { eventId, customerId, occurredAt, type, amountMinor, rows: lines.length, pieces }
    })
    expect(actual).toEqual(expected)
  })

  it('gives the figures that the docs name', () => {
    const { PURCHASE = [], REFUND = [] } = Object.groupBy(transactions, ({ type }) => type)
    expect([PURCHASE.length, REFUND.length]).toEqual([18_536, 3654])
    expect(sum(PURCHASE, ({ amountMinor }) => amountMinor)).toBe(891_140_790)
    expect(sum(REFUND, ({ amountMinor }) => amountMinor)).toBe(61_134_209)
    expect(PURCHASE.filter(({ amountMinor }) => amountMinor === 0)).toHaveLength(4)
    expect(new Set(transactions.map(({ customerId }) => customerId)).size).toBe(4372)
    expect(transactions.find(({ eventId }) => eventId === 'retail-542806')!.lines).toHaveLength(
      invoices.get('542806')!.rows,
    )
    expect(transactions.every(({ currency, properties }) => currency === 'GBP' && properties['country'])).toBe(true)
  })
})
