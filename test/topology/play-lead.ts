import type { Lead } from '../../models/lead-tiers/lead.ts'
import type { InputEvent } from '../../schemas/events.ts'
import type { Random } from '../../training/random.ts'
import type { Driver } from '../driver.ts'
import { DAY, HOUR, interaction, MINUTE, NOON, profile, survey, transaction } from '../processors/build-event.ts'

/**
 * What a customer may have done to be this lead, over two months and in the order of time: each visit in the morning of
 * a day of its own, properties seen during visits, mails and calls in the afternoons, his profile in two parts, and things
 * that are none of a lead's business. The counts are the lead's; all else is up to chance.
 */
export function eventsOfLead(lead: Lead, customerId: string, random: Random): InputEvent[] {
  const events: InputEvent[] = []
  const between = (from: number, to: number) => from + Math.floor(random() * (to - from))
  const afternoon = () => NOON - between(0, 60) * DAY + between(HOUR, 8 * HOUR)
  const visits = Array.from({ length: lead.website_visits }, (_, i) => NOON - i * DAY - between(HOUR, 3 * HOUR))
  const act = (type: string, occurredAt: number) =>
    events.push({ topic: 'interactions', event: interaction({ type, occurredAt }) })
  const sometime = (times: number, type: string) => {
    for (let i = 0; i < times; i++) act(type, afternoon())
  }

  for (const at of visits) act(random() < 0.5 ? 'page_view' : 'PAGE_VIEW', at)
  for (let i = 0; i < lead.property_views; i++) {
    const visit = visits[between(0, visits.length)]
    act('product_view', visit === undefined ? afternoon() : visit + between(1, 20 * MINUTE))
  }
  sometime(lead.email_opens, 'email_open')
  sometime(lead.contact_attempts, 'contact_attempt')
  sometime(lead.inquiry_submitted * between(1, 4), 'inquiry')
  sometime(between(0, 3), 'email_click')
  sometime(between(0, 2), 'property_tour')
  for (const traits of traitsOf(lead, random)) {
    events.push({ topic: 'profiles', event: profile({ traits, occurredAt: afternoon() }) })
  }
  if (random() < 0.2) events.push({ topic: 'surveys', event: survey({ occurredAt: afternoon() }) })
  if (random() < 0.2) events.push({ topic: 'transactions', event: transaction({ occurredAt: afternoon() }) })

  events.sort((a, b) => a.event.occurredAt - b.event.occurredAt)
  return events.map(
    // The topic stays with its event.
    ({ topic, event }, i) => ({ topic, event: { ...event, customerId, eventId: `${customerId}-${i}` } }) as InputEvent,
  )
}

/** What no act tells, in two parts: who he is, and how far he has come. */
function traitsOf(lead: Lead, random: Random) {
  const { age, income, credit_score, time_on_site_minutes } = lead
  const flag = (value: number) => (random() < 0.5 ? value : value === 1)
  // Who was never on the site needs no trait for the time there.
  const wasThere = lead.website_visits + lead.property_views > 0 || time_on_site_minutes > 1
  return [
    { age, income, credit_score, city: 'Leeds' },
    {
      ...(wasThere && { time_on_site_minutes }),
      financing_pre_approved: flag(lead.financing_pre_approved),
      budget_disclosed: flag(lead.budget_disclosed),
      location_preference_set: flag(lead.location_preference_set),
    },
  ]
}

/** Plays events, one of eight of them twice, as producers send them that don't know whether they were heard. */
export function play(driver: Driver, events: readonly InputEvent[]): void {
  events.forEach(({ topic, event }, i) => {
    driver.pipe(topic, event)
    if (i % 8 === 3) driver.pipe(topic, event)
  })
}
