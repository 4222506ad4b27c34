import type { Reason } from '../schemas/avro/reason.ts'
import { type ModelKind, TRAIT_PREFIX } from '../schemas/model.ts'
import { FEATURES } from './features.ts'
import { ENGLISH } from './words/english.ts'
import { PORTUGUESE } from './words/portuguese.ts'
import { SPANISH } from './words/spanish.ts'
import type { Vocabulary } from './words/vocabulary.ts'

export const LANGUAGES = ['en', 'es', 'pt'] as const
export type Language = (typeof LANGUAGES)[number]

const VOCABULARIES: Readonly<Record<Language, Vocabulary>> = { en: ENGLISH, es: SPANISH, pt: PORTUGUESE }
const UNITS = new Map(FEATURES.map(({ name, unit }) => [name, unit]))

/**
 * A reason in words: what, how much, and which way it moves the score. `recent demo requests: 2, raises the score`. A trait
 * is called by its own name: `plan: pro, lowers the risk`.
 */
export function reasonText(reason: Reason, kind: ModelKind, language: Language): string {
  const words = VOCABULARIES[language]
  const effect = reason.contribution > 0 ? words.raises[kind] : words.lowers[kind]
  const [what, amount] = reason.feature.startsWith(TRAIT_PREFIX)
    ? traitWords(reason, words)
    : featureWords(reason, words)
  return `${what}: ${amount}, ${effect}`
}

function traitWords({ feature, value }: Reason, words: Vocabulary): [what: string, amount: string] {
  const name = feature.slice(TRAIT_PREFIX.length)
  // A reason names a level after the last `=` of a trait's name; a number has none (models/score.ts).
  const end = name.lastIndexOf('=')
  if (end < 0) return [name, number(value, words, 2)]
  const level = name.slice(end + 1)
  const said = { '(missing)': words.unknown, '(other)': words.another, true: words.yes, false: words.no }[level]
  return [name.slice(0, end), said ?? level]
}

function featureWords({ feature, value }: Reason, words: Vocabulary): [what: string, amount: string] {
  return [words.features[feature] ?? feature, amountOf(UNITS.get(feature) ?? '', value, words)]
}

/** The value in units that people use; most features are logarithms. */
function amountOf(unit: string, value: number, words: Vocabulary): string {
  switch (unit) {
    case 'log1p count':
      return number(Math.expm1(value), words, 1)
    case 'log1p major units':
      return number(Math.expm1(value), words, 0)
    case 'log1p days':
      return words.days(number(Math.expm1(value), words, 0))
    case 'log1p page views':
      return words.pageViews(number(Math.expm1(value), words, 0))
    case 'log2 ratio':
      return words.usualGaps(number(2 ** value, words, 1))
    case 'share':
      return `${number(100 * value, words, 0)} %`
    case 'points / 2.5':
      return number(2.5 * value + 7.5, words, 0)
    case 'points / 2':
      return number(2 * value + 3, words, 0)
    case '0 or 1':
      return value === 0 ? words.no : words.yes
    default:
      return number(value, words, 2)
  }
}

function number(value: number, { locale }: Vocabulary, digits: number): string {
  return value.toLocaleString(locale, { maximumFractionDigits: digits })
}
