import type { ExpectedCustomer } from '../../../demo/books/expected-customer.ts'
import type { Customer } from '../../../schemas/avro/customer.ts'
import type { Thresholds } from '../../../schemas/thresholds.ts'
import { isClose } from './expected-score.ts'
import { type ExpectedStanding, expectedStanding, TIERS, weighed } from './expected-standing.ts'
import type { Held } from './hold.ts'
import type { ExpectedChange } from './ledger.ts'
import type { Settings } from './settings-book.ts'

/** The standing of one customer from record to record. */
export class StandingLedger {
  #before: ExpectedStanding | null = null
  #tier: Held | null = null

  /** r + f + m of the newest record, null without a standing. */
  get total(): number | null {
    return this.#before === null ? null : totalOf(this.#before)
  }

  /** @param changes filled with those of segment and tier @returns what the record says otherwise */
  check(
    record: Customer,
    facts: ExpectedCustomer,
    by: { readonly settings: Settings; readonly thresholds: Thresholds | null },
    changes: ExpectedChange[],
  ): string[] {
    const expected = expectedStanding(facts, by.thresholds, by.settings, this.#tier)
    if (expected === null) {
      this.#before = null
      this.#tier = null
      const { r, f, m, segment } = record.rfm
      return [r, f, m, segment, record.loyalty].every((each) => each === null) ? [] : ['has a standing']
    }
    if (record.loyalty === null) return ['has no standing']
    const tier = expected.tiers.find((each) => TIERS[each] === record.loyalty?.tier) ?? expected.tiers[0]!
    this.#addChanges(record, expected, { tier, settings: by.settings }, changes)
    this.#before = expected
    if (tier !== this.#tier?.class) this.#tier = { class: tier, since: record.asOf, value: expected.loyalty }
    return standingFaults(record, expected, TIERS[tier]!)
  }

  #addChanges(
    record: Customer,
    expected: ExpectedStanding,
    { tier, settings }: { readonly tier: number; readonly settings: Settings },
    changes: ExpectedChange[],
  ): void {
    const { tenantId, customerId, eventId, cause, asOf, thresholdsVersion } = record
    const modelVersion = `thresholds-${thresholdsVersion}`
    const shared = { tenantId, customerId, eventId, cause, occurredAt: asOf, modelVersion }
    const before = this.#before
    if (before?.segment !== expected.segment) {
      const { r, f, m } = expected
      changes.push({
        ...shared,
        kind: 'segment',
        from: before?.segment ?? null,
        to: expected.segment,
        fromValue: this.total,
        toValue: totalOf(expected),
        reasons: Object.entries({ r, f, m }).map(([feature, value]) => ({ feature, value, contribution: value })),
      })
    }
    if (this.#tier?.class !== tier) {
      changes.push({
        ...shared,
        kind: 'tier',
        from: this.#tier === null ? null : TIERS[this.#tier.class]!,
        to: TIERS[tier]!,
        fromValue: this.#tier?.value ?? null,
        toValue: expected.loyalty,
        reasons: (['recency', 'frequency', 'monetary'] as const).map((name) => {
          const alone = { recency: 0, frequency: 0, monetary: 0, [name]: expected.ranks[name] }
          return { feature: `${name}_rank`, value: expected.ranks[name], contribution: weighed(alone, settings) }
        }),
      })
    }
  }
}

function standingFaults({ rfm, loyalty }: Customer, expected: ExpectedStanding, tier: string): string[] {
  const { r, f, m, segment } = expected
  const wanted = { r, f, m, segment }
  const faults = Object.entries(wanted).flatMap(([name, value]) => {
    const found = rfm[name as keyof typeof wanted]
    return found === value ? [] : [`has the rfm.${name} ${found}, not ${value}`]
  })
  if (!isClose(loyalty!.score, expected.loyalty))
    faults.push(`has the loyalty ${loyalty!.score}, not ${expected.loyalty}`)
  if (loyalty!.tier !== tier) faults.push(`has the tier ${loyalty!.tier}, not ${tier}`)
  return faults
}

function totalOf({ r, f, m }: ExpectedStanding): number {
  return r + f + m
}
