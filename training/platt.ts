import { probabilityOf } from '../models/score.ts'

export interface Calibration {
  readonly slope: number
  readonly offset: number
}

/**
 * Platt scaling: the slope and offset whose probabilities of slope × log odds + offset are most likely, by Newton's method,
 * with Platt's targets (n + 1) / (n + 2) and 1 / (n + 2) that keep the answer finite for separable classes (Platt 1999; Lin,
 * Lin and Weng 2007). It scales all contributions alike, so that an explanation stays additive; isotonic regression,
 * which moves each stretch of scores by itself, would not.
 * @param logOdds of examples that the model has not learned from
 * @returns the identity where the scores don't rise with the labels
 */
export function fitPlatt(logOdds: ArrayLike<number>, labels: ArrayLike<number>): Calibration {
  let positives = 0
  for (let i = 0; i < labels.length; i++) positives += labels[i]!
  const negatives = labels.length - positives
  const high = (positives + 1) / (positives + 2)
  const low = 1 / (negatives + 2)
  let slope = 1
  let offset = 0
  for (let step = 0; step < 100; step++) {
    let bySlope = 0
    let byOffset = 0
    let slopeSlope = 1e-9
    let slopeOffset = 0
    let offsetOffset = 1e-9
    for (let i = 0; i < labels.length; i++) {
      const x = logOdds[i]!
      const p = probabilityOf(slope * x + offset)
      const error = p - (labels[i] === 1 ? high : low)
      const weight = p * (1 - p)
      bySlope += error * x
      byOffset += error
      slopeSlope += weight * x * x
      slopeOffset += weight * x
      offsetOffset += weight
    }
    const determinant = slopeSlope * offsetOffset - slopeOffset ** 2
    const moveSlope = (offsetOffset * bySlope - slopeOffset * byOffset) / determinant
    const moveOffset = (slopeSlope * byOffset - slopeOffset * bySlope) / determinant
    slope -= moveSlope
    offset -= moveOffset
    if (Math.abs(moveSlope) + Math.abs(moveOffset) < 1e-10) break
  }
  return slope > 0 && Number.isFinite(slope) && Number.isFinite(offset) ? { slope, offset } : { slope: 1, offset: 0 }
}
