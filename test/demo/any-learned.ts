import type { LinearModel } from '../../schemas/model.ts'

/** A model as training makes them: ramps, levels, what is missing, and a calibration. */
export function anyLearned(version: string): LinearModel {
  return {
    name: 'lead',
    kind: 'lead',
    version,
    intercept: -0.3,
    inputs: [
      {
        feature: 'sessions',
        basis: { kind: 'ramps', knots: [0.5, 1, 2.5], missing: false },
        means: [0.6, 0.3],
        scales: [0.4, 0.5],
        coefficients: [0.7, -0.2],
      },
      {
        feature: 'traits.shop',
        basis: { kind: 'levels', levels: ['gift shop', 'market stall'], missing: true },
        means: [0.3, 0.3, 0.3, 0.1],
        scales: [0.5, 0.5, 0.5, 0.3],
        coefficients: [0.4, -0.8, 0.3, 0.1],
      },
      {
        feature: 'traits.staff',
        basis: { kind: 'ramps', knots: [1, 5, 20], missing: true },
        means: [0.5, 0.2, 0.2],
        scales: [0.4, 0.3, 0.4],
        coefficients: [0.5, 0.2, -0.1],
      },
    ],
    calibration: { slope: 0.9, offset: 0.05 },
  }
}
