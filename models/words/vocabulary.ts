/** How a value is said: its unit decides. Numbers come formatted. */
export interface Vocabulary {
  /** Built-in feature → what people call it. */
  readonly features: Readonly<Record<string, string>>
  readonly days: (number: string) => string
  /** Of engagement, which is counted in page views. */
  readonly pageViews: (number: string) => string
  /** Of time since a purchase over the usual gap. */
  readonly usualGaps: (number: string) => string
  readonly yes: string
  readonly no: string
  readonly unknown: string
  readonly another: string
  readonly raises: Readonly<Record<'lead' | 'churn', string>>
  readonly lowers: Readonly<Record<'lead' | 'churn', string>>
  readonly locale: string
}
