import { describe, expect, it } from 'vitest'
import { compileMapping } from '../../../connectors/file-replay/compile-mapping.ts'
import type { Mapping } from '../../../connectors/file-replay/mapping.ts'
import { loadMapping, mappingHash, parseMapping, withTenant } from '../../../connectors/file-replay/parse-mapping.ts'
import { findPattern } from '../../../connectors/file-replay/pattern.ts'
import { SHIPPED_MAPPINGS, shippedMapping } from '../../../connectors/file-replay/shipped-mappings.ts'
import { answers, TemporaryFolder } from './build-replay.ts'

type Fields = Record<string, unknown>

function survey(fields: Fields): unknown {
  const whole = { eventId: 'e', tenantId: 't', customerId: 'c', kind: 'NPS', occurredAt: '1', score: '{s}', ...fields }
  return { name: 'x', format: 'csv', rules: [{ topic: 'surveys', fields: whole }] }
}

/** What the mapping makes of one row with these columns. */
function map(mapping: Mapping, values: Readonly<Record<string, string>>) {
  const compiled = compileMapping(mapping)
  const place = { line: 5, offset: 0, nextOffset: 10, nextLine: 6, hasQuotes: false, rejection: null }
  return compiled.mapRows([
    { record: { ...place, text: '' }, values: compiled.columns.map((name) => values[name] ?? '') },
  ])
}

describe('parseMapping', () => {
  it.each<[string, unknown]>([
    ['format', { name: 'x', format: 'xml', rules: [{ topic: 'surveys' }] }],
    ['rules', { name: 'x', format: 'csv' }],
    ['colums', { name: 'x', format: 'csv', colums: ['a'], rules: [{ topic: 'surveys' }] }],
    ['rules.0.topic', { name: 'x', format: 'csv', rules: [{ topic: 'customers' }] }],
    ['rules.0.fields.eventId', { name: 'x', format: 'csv', rules: [{ topic: 'surveys' }] }],
    ['rules.0.fields.points', survey({ points: '{p}' })],
    ['rules.0.fields.score.as', survey({ score: { value: '{s}', as: 'integr' } })],
    ['rules.0.fields.score.currency', survey({ score: { value: '{s}', as: 'integer', currency: 'GBP' } })],
    ['rules.0.fields.score.currency', survey({ score: { value: '{s}', as: 'money' } })],
    ['rules.0.fields.score.value', survey({ score: { as: 'integer' } })],
    ['rules.0.fields.occurredAt.start', survey({ occurredAt: { as: 'line-time', start: 'today', stepMs: 1 } })],
    ['rules.0.fields.customerId', survey({ customerId: null })],
    ['rules.0.fields.attributes', survey({ attributes: '{a}' })],
    ['rules.0.fields.score', survey({ score: { map: {} } })],
    ['rules.0.fields.attributes.map.n', survey({ attributes: { map: { n: { value: '{n}', as: 'number' } } } })],
  ])('names %s', (field, json) => {
    expect(() => parseMapping(json)).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringContaining(field), details: { field } }),
    )
  })

  it.each<[string, unknown]>([
    ['format must be one of csv, ndjson', { name: 'x', format: 'xml', rules: [{ topic: 'surveys' }] }],
    [
      'rules.0.topic must be one of profiles, interactions, transactions, surveys, outcomes',
      { name: 'x', format: 'csv', rules: [{ topic: 'survey' }] },
    ],
    [
      'rules.0.fields.score.as must be one of text, integer, number, boolean, money, timestamp, line-time',
      survey({ score: { value: '{s}', as: 'integr' } }),
    ],
    [
      'rules.0.fields.occurredAt.format must be one of iso, epoch-ms, epoch-s',
      survey({ occurredAt: { value: '1', as: 'timestamp', format: 'rfc' } }),
    ],
    ['rules.0.fields.score.round is not known here', survey({ score: { value: '{s}', as: 'integer', round: true } })],
    ['rules.0.fields.score must be string or null or object', survey({ score: 3 })],
    ['rules.0.fields.points is not a field of the topic, which has eventId, tenantId', survey({ points: '{p}' })],
  ])('says what it takes: %s', (message, json) => {
    expect(() => parseMapping(json)).toThrow(`mapping: ${message}`)
  })

  it('names the file', async () => {
    using folder = new TemporaryFolder()
    const path = folder.file('mapping.json', JSON.stringify({ name: 'x', format: 'xml', rules: [] }))
    await expect(loadMapping(path)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: `mapping ${path}: format must be one of csv, ndjson`,
      details: { field: 'format', path },
    })
    const damaged = folder.file('damaged.json', '{')
    await expect(loadMapping(damaged)).rejects.toThrow(`mapping ${damaged}: `)
  })

  it.each(SHIPPED_MAPPINGS)('takes the shipped mapping %s', (name) => {
    expect(shippedMapping(name).name).toBe(name)
  })

  it('changes its hash with the tenant', () => {
    const other = withTenant(answers(), 'other')
    expect(mappingHash(other)).not.toBe(mappingHash(answers()))
    const row = { id: '1', customer: 'c', at: '2026-01-01', score: '9' }
    expect(map(other, row)).toMatchObject({ kind: 'event', event: { event: { tenantId: 'other' } } })
  })
})

describe('compileMapping', () => {
  const valid = { id: '1', customer: 'ada', at: '2026-01-01T00:00:01', score: '9.0' }

  it('fills fields, defaults and empty values', () => {
    expect(map(answers(), valid)).toEqual({
      kind: 'event',
      event: {
        topic: 'surveys',
        event: {
          eventId: 'a-1',
          tenantId: 'shop',
          customerId: 'ada',
          kind: 'NPS',
          score: 9,
          occurredAt: Date.UTC(2026, 0, 1, 0, 0, 1),
          comment: null,
          attributes: {},
        },
      },
    })
  })

  it.each<[string, string, Readonly<Record<string, string>>]>([
    ['VALUE_EMPTY', 'eventId', { id: '' }],
    ['VALUE_EMPTY', 'score', { score: '' }],
    ['NUMBER_INVALID', 'score', { score: 'nine' }],
    ['NUMBER_INVALID', 'score', { score: '8.5' }],
    ['SCORE_OUT_OF_RANGE', 'score', { score: '11' }],
    ['SCORE_OUT_OF_RANGE', 'score', { score: '-1' }],
    ['FIELD_INVALID', 'score', { score: '9000000000' }],
    ['TIMESTAMP_INVALID', 'occurredAt', { at: '01/02/2026' }],
    ['CUSTOMER_ID_INVALID', 'customerId', { customer: 'x'.repeat(513) }],
    ['EVENT_ID_INVALID', 'eventId', { id: 'x'.repeat(255) }],
  ])('rejects with %s of %s', (reason, field, wrong) => {
    expect(map(answers(), { ...valid, ...wrong })).toMatchObject({ kind: 'reject', rejection: { reason, field } })
  })

  it('rejects what the transactions topic would', () => {
    const mapping = parseMapping({
      name: 'sales',
      format: 'csv',
      rules: [
        {
          topic: 'transactions',
          fields: {
            eventId: '{$line}',
            tenantId: '{tenant}',
            customerId: 'c',
            occurredAt: { value: '{at}', as: 'timestamp', format: 'epoch-s' },
            type: { value: '{kind}', case: 'upper' },
            currency: '{currency}',
            amountMinor: { value: '{amount}', as: 'money', currency: 'JPY' },
            lines: {
              each: {
                itemId: 'i',
                quantity: { value: '{n}', as: 'integer' },
                unitPriceMinor: { value: '0', as: 'integer' },
              },
            },
          },
        },
      ],
    })
    const good = { tenant: 'acme', at: '1.5', kind: 'purchase', currency: 'JPY', amount: '99.5', n: '1' }
    expect(map(mapping, good)).toMatchObject({
      event: { event: { eventId: '5', occurredAt: 1500, type: 'PURCHASE', amountMinor: 100 } },
    })
    const refused = [{ tenant: 'a/b' }, { kind: 'gift' }, { currency: 'yen!' }, { amount: '-1' }, { n: '0' }].map(
      (wrong) => map(mapping, { ...good, ...wrong }),
    )
    expect(refused.map((each) => each.kind === 'reject' && each.rejection.reason)).toEqual([
      'TENANT_ID_INVALID',
      'FIELD_INVALID',
      'CURRENCY_INVALID',
      'AMOUNT_INVALID',
      'QUANTITY_INVALID',
    ])
  })

  it('keeps typed traits, drops empty ones, and removes with null', () => {
    const traits = {
      map: {
        plan: '{plan}',
        age: { value: '{age}', as: 'number' },
        isActive: { value: '{active}', as: 'boolean' },
        level: { value: '{plan}', lookup: { 'p*': 'paid', '': null, '*': 'free' } },
        old: null,
      },
    }
    const head = {
      eventId: 'e',
      tenantId: 't',
      customerId: 'c',
      occurredAt: { as: 'line-time', start: '2026-01-01', stepMs: 1000 },
    }
    const mapping = parseMapping({
      name: 'p',
      format: 'csv',
      rules: [{ topic: 'profiles', fields: { ...head, traits } }],
    })
    expect(map(mapping, { plan: 'pro', age: '41.5', active: 'true' })).toMatchObject({
      event: {
        event: {
          occurredAt: Date.UTC(2026, 0, 1, 0, 0, 5),
          traits: { plan: 'pro', age: 41.5, isActive: true, level: 'paid', old: null },
        },
      },
    })
    const empty = map(mapping, { plan: '', age: '', active: '' })
    expect(empty.kind === 'event' && empty.event.topic === 'profiles' && empty.event.event.traits).toEqual({
      old: null,
    })
  })
})

describe('findPattern', () => {
  it('prefers the exact text, then the longest beginning', () => {
    const find = findPattern(['*', 'C*', 'CA*', 'CAT', ''])
    expect(['CAT', 'CAR', 'CX', 'x', ''].map(find)).toEqual(['CAT', 'CA*', 'C*', '*', ''])
    expect(findPattern(['C*'])('x')).toBeUndefined()
  })
})
