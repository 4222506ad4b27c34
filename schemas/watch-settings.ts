import Type from 'typebox'

const limit = (value: number, maximum: number, description: string) =>
  Type.Number({ minimum: 0, maximum, default: value, description })

/** Settings of what watches the models that score. */
export const watchSettings = {
  watch: Type.Object(
    {
      sampleEvery: Type.Integer({
        minimum: 0,
        maximum: 1_000_000,
        default: 64,
        description: 'One of so many scored events is sampled into `score-samples`; 0: none, and nothing is watched.',
      }),
      leastCustomers: Type.Integer({
        minimum: 100,
        maximum: 4_000,
        default: 500,
        description: 'Customers among the samples below whom drift raises no alert.',
      }),
      psi: limit(0.2, 10, 'Population stability index of a feature or the score from which on it has drifted.'),
      missing: limit(0.1, 1, 'By how much the share of missing values of a feature may differ from the reference.'),
      calibration: limit(0.05, 1, 'By how much the mean score of the labelled may differ from their rate.'),
      latencyMs: limit(60_000, 86_400_000, 'From arrival in Kafka to the score, 95th percentile of the last minutes.'),
      retrain: Type.Boolean({ default: true, description: 'Whether drift asks the trainer for a training.' }),
    },
    { additionalProperties: false, default: {}, description: 'From where on models are alarming.' },
  ),
}
