import { calibrationErrorOf } from './metrics.ts'

export interface CalibrationReport {
  readonly examples: number
  readonly meanProbability: number
  readonly rate: number
  readonly brier: number
  /** Expected calibration error, ten bins. */
  readonly calibrationError: number
  /** Of the rate, if the probabilities hold. */
  readonly standardError: number
  /** (Σ label − Σ probability) / √Σ p (1 − p): about standard normal while the probabilities hold. */
  readonly z: number
  /** Too few or too many positives to be chance (|z| > 4), and by more than 0.02. */
  readonly alert: boolean
}

/** The last N scores whose label has become known. */
export interface CalibrationWatch {
  observe(probability: number, label: 0 | 1): void
  report(): CalibrationReport
}

const LEAST_EXAMPLES = 100

export function createCalibrationWatch(size: number): CalibrationWatch {
  const probabilities = new Float64Array(size)
  const labels = new Uint8Array(size)
  let seen = 0
  return {
    observe(probability, label) {
      probabilities[seen % size] = probability
      labels[seen % size] = label
      seen++
    },
    report() {
      const n = Math.min(seen, size)
      const p = probabilities.subarray(0, n)
      const y = labels.subarray(0, n)
      if (n === 0) {
        return {
          examples: 0,
          meanProbability: 0,
          rate: 0,
          brier: 0,
          calibrationError: 0,
          standardError: 0,
          z: 0,
          alert: false,
        }
      }
      const meanProbability = p.reduce((sum, each) => sum + each, 0) / n
      const rate = y.reduce((sum, each) => sum + each, 0) / n
      const variance = p.reduce((sum, each) => sum + each * (1 - each), 0)
      const z = variance === 0 ? 0 : (n * (rate - meanProbability)) / Math.sqrt(variance)
      return {
        examples: n,
        meanProbability,
        rate,
        brier: p.reduce((sum, each, i) => sum + (each - y[i]!) ** 2, 0) / n,
        calibrationError: calibrationErrorOf(p, y),
        standardError: Math.sqrt(variance) / n,
        z,
        alert: n >= LEAST_EXAMPLES && Math.abs(z) > 4 && Math.abs(rate - meanProbability) > 0.02,
      }
    },
  }
}
