import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkQuery, parseQueryString } from '../../api/query-string.ts'

const plain = (text: string) => ({ ...parseQueryString(text) })

describe('a query string', () => {
  it('splits ids at commas before it decodes them, and adds repeated ones up', () => {
    expect(plain('ids=a,b%2Cc,%F0%9F%99%82&ids=d&asOf=now')).toEqual({ ids: ['a', 'b,c', '🙂', 'd'], asOf: 'now' })
  })

  it('gives back any ids that were encoded', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme', minLength: 1 }), { minLength: 1 }), (ids) => {
        expect(plain(`ids=${ids.map(encodeURIComponent).join(',')}`)).toEqual({ ids })
      }),
    )
  })

  it('keeps repeated parameters as a list, so that validation can refuse them', () => {
    expect(plain('limit=1&limit=2&limit=3&x')).toEqual({ limit: ['1', '2', '3'], x: '' })
    expect(plain('')).toEqual({})
  })

  it('does not touch prototypes', () => {
    const query = parseQueryString('__proto__=x&ids=__proto__')
    expect(Object.keys(query)).toEqual(['__proto__', 'ids'])
    expect(({} as Record<string, unknown>)['x']).toBeUndefined()
  })

  it.each(['ids=a,%FF', 'ids=%E0%A4', 'ids=%'])('never throws, but is refused by name: %s', (text) => {
    expect(() => checkQuery(parseQueryString(text))).toThrow(
      expect.objectContaining({ code: 'INPUT_INVALID', details: { field: 'ids', in: 'query' } }),
    )
  })
})
