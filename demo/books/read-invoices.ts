import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import type { Transaction } from '../../schemas/avro/transaction.ts'

interface Invoice {
  readonly customerId: string
  readonly at: number
  /** Of all its lines, pounds × 1000: prices have up to three decimals. */
  milliPounds: number
  readonly items: Set<string>
}

/**
 * The invoices of known customers in an Online Retail file, in the order of time, as the transactions they must have
 * become. Read with none of the replay's code: the first line's time, the sum of all lines rounded to the penny, `C…` is
 * a refund. Lines are one for each different item; what the books don't look at is left empty.
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
  const [number = '', item = '', , quantity, time, price = '', customerId = ''] = fieldsOf(line)
  const invoice = invoices.get(number) ?? {
    customerId,
    at: Date.parse(`${time}Z`),
    milliPounds: 0,
    items: new Set<string>(),
  }
  invoice.milliPounds += Number(quantity) * Math.round(Number(price) * 1_000)
  invoice.items.add(item)
  invoices.set(number, invoice)
}

function transactionOf(number: string, { customerId, at, milliPounds, items }: Invoice): Transaction {
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
    lines: [...items].map((itemId) => ({ itemId, category: null, quantity: 1, unitPriceMinor: 0 })),
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
