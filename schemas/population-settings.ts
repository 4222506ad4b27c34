import Type from 'typebox'

const weight = (value: number) => Type.Number({ minimum: 0, maximum: 1, default: value })

/** Settings of populations and of customer lifetime value. */
export const populationSettings = {
  population: Type.Object(
    {
      bins: Type.Integer({ minimum: 2, maximum: 10, default: 5, description: 'R, F and M are scored from 1 to this.' }),
      minCustomers: Type.Integer({
        minimum: 1,
        maximum: 1_000_000,
        default: 20,
        description: 'Customers with a purchase from whom on there are RFM scores, segments and tiers.',
      }),
      loyaltyWeights: Type.Object(
        { recency: weight(0.2), frequency: weight(0.3), monetary: weight(0.25) },
        {
          additionalProperties: false,
          default: {},
          description: 'What the ranks of a customer count for in the loyalty score; only their ratios matter.',
        },
      ),
    },
    { additionalProperties: false, default: {}, description: "How a tenant's customers are ranked." },
  ),
  clv: Type.Object(
    {
      horizonDays: Type.Integer({
        minimum: 1,
        maximum: 3_660,
        default: 365,
        description: 'How far ahead purchases are expected and valued.',
      }),
      discountRate: Type.Number({
        minimum: 0,
        maximum: 1,
        default: 0,
        description: 'Discount for a year: 0.1 counts a purchase in a year 1 / 1.1; 0 counts it like one of today.',
      }),
    },
    { additionalProperties: false, default: {}, description: 'Customer lifetime value.' },
  ),
}
