import { FEATURES, type Feature } from '../../models/features.ts'
import { code, GENERATED, table } from './markdown.ts'

/** What units begin with, what they make of a figure x, and how to come back from that. */
const SCALES = [
  ['log1p', 'log(1 + x), the natural logarithm', 'e^v − 1: 4.13 of `log1p days` are 61 days'],
  ['log2', 'log₂(x)', '2^v: 1 of `log2 ratio` is twice the usual gap'],
  ['points /', 'distance from the middle of the scale, divided', 'the middle is named in the meaning'],
  ['share', 'x, from 0 to 1', 'v'],
  ['0 or 1', '1 if it is so, else 0', 'v'],
] as const

/** @throws Error for a unit that the page doesn't explain */
export function featuresPage(features: readonly Feature[] = FEATURES): string {
  const scales = SCALES.map(([unit, what, back]) => [
    unit.endsWith('/') ? `${code('points / n')}` : code(unit),
    what,
    back,
  ])
  return `# Features

${GENERATED}

The ${features.length} numbers that both models, of leads and of churn, look at, in the order of their vector. The API's \`features\`, the topics
\`training-examples\` and \`score-samples\` hold them **as models see them, most as logarithms**: \`days_inactive: 4.13\` means 61 days, because
log(1 + 61) = 4.13. Texts of reasons say them in plain numbers. A model may look at the traits of a profile as well: these are as they
were written, and have no place here.

${table(['Unit begins with', 'The value v of a figure x', 'Back from v to x'], scales)}

**Meanwhile**: how the feature moves while nothing happens. \`features\` of a stored record are as of its newest event, those of \`now\`
as of the request.

${table(['Feature', 'Unit', 'Meaning', 'Meanwhile'], features.map(rowOf))}

How they are computed: \`models/compute-features.ts\`; what models make of them: [models.md](models.md).
`
}

function rowOf({ name, unit, doc, course }: Feature): string[] {
  if (!SCALES.some(([beginning]) => unit.startsWith(beginning)))
    throw new Error(`unit ${unit} of ${name} isn't explained`)
  return [code(name), unit, doc, course === null ? 'stands still' : MEANWHILE[course.kind]]
}

const MEANWHILE = { fading: 'fades', growing: 'grows', overdue: 'grows' } as const
