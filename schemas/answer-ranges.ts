/** Lowest and highest score of an answer, by the kind of survey. */
export const ANSWER_RANGES = { NPS: [0, 10], CSAT: [1, 5], CES: [1, 7] } as const
