import { describe, expect, it } from 'vitest'
import { MemoryEventWriter } from '../../../connectors/file-replay/memory-event-writer.ts'
import { replayFile } from '../../../connectors/file-replay/replay.ts'
import { shippedMapping } from '../../../connectors/file-replay/shipped-mappings.ts'
import { TemporaryFolder } from './build-replay.ts'

async function replay(name: string, rows: readonly string[]) {
  using folder = new TemporaryFolder()
  const writer = new MemoryEventWriter()
  const path = folder.file('a.csv', `${rows.join('\n')}\n`)
  return { report: await replayFile({ path, mapping: shippedMapping(name), writer }), events: writer.events }
}

describe('the mapping clickstream', () => {
  const header = 'event_time,event_type,product_id,category_id,category_code,brand,price,user_id,user_session'
  const row = (type: string, code: string, price: string) =>
    `2019-10-01 00:02:14 UTC,${type},1004856,205301355,${code},samsung,${price},513322,s-1`

  it('sends views and carts to interactions, purchases to transactions', async () => {
    const rows = [header, row('view', 'phone', '130.76'), row('cart', '', '130.76'), row('purchase', 'phone', '130.7')]
    const { events } = await replay('clickstream', rows)
    const head = { tenantId: 'default', customerId: '513322', occurredAt: Date.UTC(2019, 9, 1, 0, 2, 14) }
    const id = (type: string) => `click-s-1-${type}-1004856-2019-10-01 00:02:14 UTC`
    expect(events).toEqual([
      {
        topic: 'interactions',
        event: {
          ...head,
          eventId: id('view'),
          type: 'product_view',
          channel: 'web',
          itemId: '1004856',
          durationMs: null,
          properties: { brand: 'samsung', category: 'phone', price: '130.76', session: 's-1' },
        },
      },
      {
        topic: 'interactions',
        event: {
          ...head,
          eventId: id('cart'),
          type: 'add_to_cart',
          channel: 'web',
          itemId: '1004856',
          durationMs: null,
          properties: { brand: 'samsung', price: '130.76', session: 's-1' },
        },
      },
      {
        topic: 'transactions',
        event: {
          ...head,
          eventId: id('purchase'),
          type: 'PURCHASE',
          orderId: 's-1',
          currency: 'USD',
          amountMinor: 13_070,
          lines: [{ itemId: '1004856', category: 'phone', quantity: 1, unitPriceMinor: 13_070 }],
          properties: { brand: 'samsung', session: 's-1' },
        },
      },
    ])
  })

  it('rejects wrong prices of purchases and types it does not know', async () => {
    const rows = [
      header,
      row('purchase', '', '1,5'),
      row('purchase', '', '-1'),
      row('purchase', '', ''),
      row('wish', '', '1'),
    ]
    const { report, events } = await replay('clickstream', rows)
    expect(events).toEqual([])
    expect(report.rejected).toEqual({ COLUMNS_EXTRA: 1, AMOUNT_INVALID: 1, VALUE_EMPTY: 1, NO_RULE: 1 })
  })
})

describe('the mapping nps', () => {
  it('takes whole scores of 0 to 10 and skips those who gave none', async () => {
    const rows = ['id,nps,satisfaction,explication', '7,10.0,9.0,"bien, ""vraiment"""', '8,,5.0,', '9,0,1.0,']
    const { report, events } = await replay('nps', rows)
    const fixed = { tenantId: 'default', kind: 'NPS', attributes: { survey: 'post-visit' } }
    const line = (n: number) => Date.UTC(2022, 0, 1) + n * 60_000
    expect(events.map(({ event }) => event)).toEqual([
      { ...fixed, eventId: 'nps-7', customerId: '7', score: 10, occurredAt: line(2), comment: 'bien, "vraiment"' },
      { ...fixed, eventId: 'nps-9', customerId: '9', score: 0, occurredAt: line(4), comment: null },
    ])
    expect(report.skipped).toEqual({ 'no-answer': { groups: 1, records: 1 } })
  })

  it('rejects other scores', async () => {
    const { report } = await replay('nps', ['id,nps,explication', '1,11,', '2,-1,', '3,8.5,', '4,dix,'])
    expect(report).toMatchObject({ events: 0, rejected: { SCORE_OUT_OF_RANGE: 2, NUMBER_INVALID: 2 } })
  })
})
