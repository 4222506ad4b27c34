import { describe, expect, it } from 'vitest'
import { fitBgNbd } from '../../../models/clv/fit-bg-nbd.ts'
import { fitGammaGamma } from '../../../models/clv/gamma-gamma.ts'
import { drawHistories } from './draw-histories.ts'
import { readCdnow } from './reference/read-cdnow.ts'

describe('fitBgNbd', () => {
  it('finds the published parameters of the CDNOW sample', () => {
    const fit = fitBgNbd(readCdnow().map(({ history }) => history))!
    expect(fit.fallback).toBeNull()
    // Fader, Hardie and Lee 2005, table 2: r .243, alpha 4.414, a .793, b 2.426, log likelihood -9582.4.
    expect(fit.model.r).toBeCloseTo(0.243, 3)
    expect(fit.model.alpha).toBeCloseTo(4.414, 2)
    expect(fit.model.dropout).toEqual({ kind: 'beta', a: expect.closeTo(0.793, 2), b: expect.closeTo(2.426, 2) })
    expect(fit.logLikelihood).toBeCloseTo(-9582.4, 1)
  })

  it('finds the same parameters in another time unit', () => {
    const days = readCdnow().map(({ history: { repeats, recency, age } }) => ({
      repeats,
      recency: recency * 7,
      age: age * 7,
    }))
    const { model } = fitBgNbd(days)!
    expect(model.r).toBeCloseTo(0.243, 3)
    expect(model.alpha / 7).toBeCloseTo(4.414, 2)
  })

  it('keeps one dropout probability where customers do not differ in it', () => {
    const fit = fitBgNbd(drawHistories({ customers: 3_000, alpha: 10, p: 0.2, observed: 100 }))!
    expect(fit.fallback).toContain('one probability for all customers')
    expect(fit.model).toEqual({
      r: expect.closeTo(1, 0),
      alpha: expect.closeTo(10, -1),
      dropout: { kind: 'common', p: expect.closeTo(0.2, 1) },
    })
  })

  it('says that nobody drops out where nobody does', () => {
    const fit = fitBgNbd(drawHistories({ customers: 3_000, alpha: 10, p: 0, observed: 100 }))!
    expect(fit.fallback).toContain('nobody is seen to drop out')
    expect(fit.model.dropout).toEqual({ kind: 'common', p: 0 })
  })

  it('has nothing to fit when nobody bought again', () => {
    expect(fitBgNbd([])).toBeNull()
    expect(fitBgNbd([{ repeats: 0, recency: 0, age: 9 }])).toBeNull()
  })
})

describe('fitGammaGamma', () => {
  it('finds the parameters that lifetimes finds for the CDNOW sample', () => {
    const values = readCdnow()
      .filter(({ mean }) => mean > 0)
      .map(({ history: { repeats }, mean }) => ({ orders: repeats, mean }))
    // lifetimes 0.11.3; Fader and Hardie 2013 print 6.25, 3.74 and 15.44 for the same data.
    const { model, logLikelihood } = fitGammaGamma(values)!
    expect(model.p).toBeCloseTo(6.2488, 3)
    expect(model.q).toBeCloseTo(3.7446, 3)
    expect(model.v).toBeCloseTo(15.4477, 2)
    expect(logLikelihood).toBeCloseTo(-4055.923, 2)
  })
})
