import type { ClvModel } from '../../../schemas/clv-model.ts'

/** CDNOW's purchase rates, turned from weeks into days, and order values like its own. */
export function clvModel(fields: Partial<ClvModel> = {}): ClvModel {
  return {
    name: 'bg-nbd-gamma-gamma',
    kind: 'clv',
    version: 'clv-7',
    purchases: { r: 0.243, alpha: 30.9, dropout: { kind: 'beta', a: 0.793, b: 2.426 } },
    values: { currency: 'GBP', p: 6.25, q: 3.74, v: 1544 },
    fit: { at: 0, customers: 2357, repeatCustomers: 946, logLikelihood: -9582, gainOfBeta: 21.2, fallback: null },
    ...fields,
  }
}
