import { classOf } from '../models/grades.ts'
import type { ShadowComparison } from '../schemas/model-watch.ts'

/**
 * How what a shadow says differs from what was served, on the same inputs.
 * @param served probabilities @param shadow as long @param edges of grades or bands, ascending
 */
export function compareScores(
  served: Float64Array,
  shadow: Float64Array,
  edges: readonly number[],
): Omit<ShadowComparison, 'version'> {
  const n = served.length
  const mean = (values: Float64Array): number => values.reduce((sum, each) => sum + each, 0) / n
  const [servedMean, shadowMean] = [mean(served), mean(shadow)]
  let [absolute, most, raised, lowered, xx, yy, xy] = [0, 0, 0, 0, 0, 0, 0]
  for (let i = 0; i < n; i++) {
    const [x, y] = [served[i]!, shadow[i]!]
    absolute += Math.abs(y - x)
    most = Math.max(most, Math.abs(y - x))
    const move = classOf(y, edges) - classOf(x, edges)
    if (move > 0) raised++
    if (move < 0) lowered++
    xx += (x - servedMean) ** 2
    yy += (y - shadowMean) ** 2
    xy += (x - servedMean) * (y - shadowMean)
  }
  return {
    samples: n,
    meanDifference: shadowMean - servedMean,
    meanAbsoluteDifference: absolute / n,
    mostAbsoluteDifference: most,
    correlation: xx > 0 && yy > 0 ? xy / Math.sqrt(xx * yy) : null,
    raised,
    lowered,
  }
}
