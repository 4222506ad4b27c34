import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { count, positionOf } from '../../../models/counters.ts'
import { LEAD_FEATURES, LEAD_RANGES } from '../../../models/lead-tiers/lead.ts'
import { leadOfCustomer } from '../../../models/lead-tiers/lead-of-customer.ts'
import type { CustomerState, TraitValue } from '../../../schemas/customer-state.ts'
import { newCustomerState } from '../../../schemas/new-state.ts'

function customer(traits: Readonly<Record<string, TraitValue | null>> = {}): CustomerState {
  const state = newCustomerState()
  state.traits = Object.entries(traits).map(([name, value]) => ({ name, value, at: 0 }))
  return state
}

function openMails(state: CustomerState, times: number): CustomerState {
  state.newestAt = 0
  for (let i = 0; i < times; i++) count(state, positionOf('email_open'), 0)
  return state
}

describe('leadOfCustomer', () => {
  it('knows of a stranger that he did nothing, and not how old, rich or creditworthy he is', () => {
    expect(leadOfCustomer(newCustomerState())).toEqual({
      website_visits: 0,
      email_opens: 0,
      property_views: 0,
      contact_attempts: 0,
      time_on_site_minutes: 1,
      inquiry_submitted: 0,
      financing_pre_approved: 0,
      budget_disclosed: 0,
      location_preference_set: 0,
    })
  })

  it.each([
    [4, 9, 9],
    [9, 4, 9],
    [0, 9, 9],
  ])('takes the larger of what was counted and what was told: %i mails, trait %i: %i', (opened, told, mails) => {
    expect(leadOfCustomer(openMails(customer({ email_opens: told }), opened)).email_opens).toBe(mails)
  })

  it('leaves out the time on site of who saw pages, unless it is told', () => {
    const seen = (state: CustomerState) => {
      state.newestAt = 0
      count(state, positionOf('product_view'), 0)
      return leadOfCustomer(state)
    }
    expect(seen(customer())).not.toHaveProperty('time_on_site_minutes')
    expect(seen(customer({ time_on_site_minutes: 12 })).time_on_site_minutes).toBe(12)
  })

  it('takes yes and no for what is 0 or 1 only', () => {
    const lead = leadOfCustomer(customer({ budget_disclosed: true, financing_pre_approved: false, age: true }))
    expect(lead).toMatchObject({ budget_disclosed: 1, financing_pre_approved: 0 })
    expect(lead).not.toHaveProperty('age')
  })

  it.each([
    ['a text', '700'],
    ['NaN', Number.NaN],
    ['infinite', Number.POSITIVE_INFINITY],
    ['removed', null],
  ])('learns nothing from a trait that is %s', (_, value) => {
    expect(leadOfCustomer(customer({ credit_score: value, income: value }))).toEqual(leadOfCustomer(newCustomerState()))
  })

  it('gives whole numbers within the ranges, whatever it is told', () => {
    const traits = fc.dictionary(fc.constantFrom(...LEAD_FEATURES), fc.oneof(fc.double(), fc.boolean(), fc.string()))
    fc.assert(
      fc.property(traits, fc.nat({ max: 60 }), (traits, mails) => {
        for (const [feature, value] of Object.entries(leadOfCustomer(openMails(customer(traits), mails)))) {
          const [least, most] = LEAD_RANGES[feature as keyof typeof LEAD_RANGES]
          expect(Number.isInteger(value) && value >= least && value <= most).toBe(true)
        }
      }),
    )
  })

  it('clamps: a lead of 85 with an income of 20,000 is one of 70 with 30,000', () => {
    expect(leadOfCustomer(customer({ age: 85, income: 20_000, credit_score: 701.6 }))).toMatchObject({
      age: 70,
      income: 30_000,
      credit_score: 702,
    })
  })
})
