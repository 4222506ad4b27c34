import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { jsonColumns } from '../../../connectors/file-replay/json-columns.ts'

describe('jsonColumns', () => {
  it('finds keys and paths; what is not there is empty', () => {
    const line = '{"id":"x","user":{"id":7,"tags":["a"]},"a.b":true,"none":null}'
    expect(jsonColumns(line, ['id', 'user.id', 'user.tags', 'a.b', 'none', 'user.x.y', 'toString'])).toEqual([
      'x',
      '7',
      '["a"]',
      'true',
      '',
      '',
      '',
    ])
  })

  it('keeps the digits of numbers', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 80n }), fc.nat(99), (whole, cents) => {
        const text = `${whole}.${String(cents).padStart(2, '0')}`
        expect(jsonColumns(`{"amount":${text},"id":${whole}}`, ['amount', 'id'])).toEqual([text, String(whole)])
      }),
    )
  })

  it.each(['', '{', '[1]', '"text"', 'null', '{"a":1} {"a":2}'])('rejects %j', (text) => {
    expect(jsonColumns(text, ['a'])).toMatchObject({ reason: 'JSON_MALFORMED' })
  })
})
