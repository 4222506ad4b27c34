import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import type { Transaction } from '../../schemas/avro/transaction.ts'

interface Invoice {
  readonly customerId: string
  readonly at: number
  /** Of all its lines, pounds × 1000: prices have up to three decimals. */
  milliPounds: number
}

/**
 * The invoices of known customers in an Online Retail file, in the order of time, as the transactions they must have
 * become. Read with none of the replay's code: the first line's time, the sum of all lines rounded to the penny, `C…` is
 * a refund. What the books don't look at (lines, properties) is left empty.
 */
export async function readInvoices(path: string): Promise<Transaction[]> {
  const invoices = new Map<string, Invoice>()
  const text = (await promisify(gunzip)(await readFile(path))).toString()
  for (const line of text.split('\n').slice(1)) if (line !== '') addLine(invoices, line)
  return [...invoices]
    .filter(([, { customerId }]) => customerId !== '')
    .map(([number, invoice]) => transactionOf(number, invoice))
    .sort((a, b) => a.occurredAt - b.occurredAt || (a.eventId < b.eventId ? -1 : 1))
}

function addLine(invoices: Map<string, Invoice>, line: string): void {
  const [number = '', , , quantity, time, price = '', customerId = ''] = fieldsOf(line)
  const invoice = invoices.get(number) ?? { customerId, at: Date.parse(`${time}Z`), milliPounds: 0 }
  invoice.milliPounds += Number(quantity) * Math.round(Number(price) * 1_000)
  invoices.set(number, invoice)
}

function transactionOf(number: string, { customerId, at, milliPounds }: Invoice): Transaction {
  const isRefund = number.startsWith('C')
  return {
    eventId: `retail-${number}`,
    tenantId: 'default',
    customerId,
    type: isRefund ? 'REFUND' : 'PURCHASE',
    occurredAt: at,
    orderId: number,
    currency: 'GBP',
    amountMinor: Math.round((isRefund ? -milliPounds : milliPounds) / 10),
    lines: [],
    properties: {},
  }
}

/** Fields may be quoted, with quotes in them doubled; none of this file has a line end in it. */
function fieldsOf(line: string): string[] {
  if (!line.includes('"')) return line.split(',')
  return [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(
    ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? '',
  )
}
