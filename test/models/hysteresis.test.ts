import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { classOf } from '../../models/grades.ts'
import { type HoldRule, holdClass } from '../../models/hysteresis.ts'
import { NEVER } from '../../schemas/customer-state.ts'

const edges = [0.25, 0.4, 0.6, 0.75]
const margin = 0.02
const rule: HoldRule = { edges, margin, minIntervalMs: 0 }
const value = fc.double({ min: 0, max: 1, noNaN: true })
const held = fc.integer({ min: 0, max: edges.length })

describe('holdClass', () => {
  it('takes the class that the value lies in the first time, whatever the margin', () => {
    fc.assert(
      fc.property(value, (v) => {
        const reached = edges.filter((edge) => v >= edge).length
        expect(holdClass({ held: NEVER, heldSince: NEVER, value: v, asOf: 0 }, rule)).toEqual({
          held: reached,
          heldBackUntil: null,
        })
      }),
    )
  })

  it.each([
    [1, 0.4, 1],
    [1, 0.4199, 1],
    [1, 0.4201, 2],
    [2, 0.381, 2],
    [2, 0.3799, 1],
    [0, 0.99, 4],
    [4, 0.01, 0],
    [0, 0.61, 2],
    [4, 0.59, 3],
  ])('from class %i a value of %f leads to %i', (from, v, to) => {
    expect(holdClass({ held: from, heldSince: 0, value: v, asOf: 1 }, rule).held).toBe(to)
  })

  it('does not flap while values stay within the margin of an edge', () => {
    fc.assert(
      fc.property(
        fc.nat({ max: edges.length - 1 }),
        held,
        fc.array(fc.double({ min: -0.99, max: 0.99, noNaN: true }), { minLength: 2, maxLength: 50 }),
        (edge, from, offsets) => {
          let now = from
          const classes = offsets.map((offset) => {
            const v = edges[edge]! + offset * margin
            now = holdClass({ held: now, heldSince: 0, value: v, asOf: 1 }, rule).held
            return now
          })
          expect(new Set(classes).size).toBe(1)
        },
      ),
    )
  })

  it('ends in the class that a value lies in by more than the margin', () => {
    fc.assert(
      fc.property(held, value, (from, v) => {
        fc.pre(edges.every((edge) => Math.abs(v - edge) > margin + 1e-12))
        expect(holdClass({ held: from, heldSince: 0, value: v, asOf: 1 }, rule).held).toBe(classOf(v, edges))
      }),
    )
  })

  it('moves at most once in the minimum interval, and says until when it holds a move back', () => {
    const slow = { ...rule, minIntervalMs: 1000 }
    fc.assert(
      fc.property(fc.array(fc.tuple(value, fc.nat({ max: 700 })), { maxLength: 60 }), (steps) => {
        let state = { held: NEVER, heldSince: NEVER }
        let asOf = 0
        const moves: number[] = []
        for (const [v, later] of steps) {
          asOf += later
          const next = holdClass({ ...state, value: v, asOf }, slow)
          const wanted = holdClass({ ...state, value: v, asOf }, rule).held
          if (next.held !== state.held) {
            moves.push(asOf)
            state = { held: next.held, heldSince: asOf }
            expect(next.heldBackUntil).toBeNull()
          } else {
            expect(next.heldBackUntil).toBe(wanted === state.held ? null : state.heldSince + 1000)
          }
        }
        for (let i = 1; i < moves.length; i++) expect(moves[i]! - moves[i - 1]!).toBeGreaterThanOrEqual(1000)
      }),
    )
  })
})
