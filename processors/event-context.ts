import { FEATURE_COUNT } from '../models/features.ts'
import { compileModel, type Models } from '../models/linear-model.ts'
import type { NpsClass } from '../models/nps-score.ts'
import { createWorkings, type Workings } from '../models/score.ts'
import type { Window } from '../models/windows.ts'
import type { Customer } from '../schemas/avro/customer.ts'
import type { ScoreChange } from '../schemas/avro/score-change.ts'
import type { ScoreSample } from '../schemas/avro/score-sample.ts'
import type { TrainingExample } from '../schemas/avro/training-example.ts'
import { type CustomerState, NEVER } from '../schemas/customer-state.ts'
import type { InputEvent } from '../schemas/events.ts'
import { newCustomerState } from '../schemas/new-state.ts'
import { DEFAULT_SETTINGS, type TenantSettings } from '../schemas/settings.ts'
import type { Thresholds } from '../schemas/thresholds.ts'
import type { Refusal } from './outcome.ts'

/**
 * Everything about one event, or one timer that is due, on its way through the processors. One context serves event after event: the caller sets
 * the inputs, the pipeline fills the outputs, the caller encodes them before it takes the next event.
 */
export interface EventContext {
  // inputs, set by the caller for each event or timer
  /** Not looked at for a timer. */
  input: InputEvent
  tenantId: string
  customerId: string
  /** A clone of the customer's state (or a new one); the new state when the outcome is `forward`, else to be dropped. */
  draft: CustomerState
  tenant: TenantSettings
  models: Models
  /** Of the tenant's population; null while it isn't known. */
  thresholds: Thresholds | null
  /** Of the tenant in this partition, before the event: its newest event time so far, epoch ms; NEVER before the first. */
  streamTime: number
  /** The worker's clock, epoch ms: only to refuse events from the future and for `scoredAt`. */
  now: number
  /** When the broker took the event, epoch ms. */
  arrivedAt: number

  // set at the beginning, from the event or the timer
  cause: 'event' | 'timer' | 'population' | 'model'
  /** The event's id, or the timer's: `timer:<key>:<due time>`. */
  eventId: string
  /** The event's time, or when the timer is due. */
  occurredAt: number

  // between processors
  /** What the scores are for: the customer's newest event time or the last timer by which he moved, or when the timer is due. */
  asOf: number
  /** Of the event's id: 32 bits, not negative. */
  eventHash: number
  readonly features: Float64Array
  leadOdds: number
  churnOdds: number
  readonly leadWorkings: Workings
  readonly churnWorkings: Workings

  /** Set by the first processor that changes the draft: from there on, any end but `forward` leaves it worthless. */
  draftChanged: boolean

  // outputs, valid after `forward` and until the next event
  /** The `customers` record, its state not encoded; the object and its reasons are used again for the next event. */
  readonly customer: Customer
  /** The moves of this event's scores; emptied for the next event, which writes their reasons over. */
  readonly changes: ScoreChange[]
  /** What the event adds to the windows of NPS and cross-sell; emptied for the next event, the elements stay as they are. */
  readonly npsChanges: NpsChange[]
  readonly basketChanges: BasketChange[]
  /** What models may learn from the event; emptied and kept like `npsChanges`. */
  readonly examples: TrainingExample[]
  /** What is kept of the event to watch the models by; null for most. */
  sample: ScoreSample | null
  /** The customer as he is now, to be labelled when a horizon ends; its label means nothing yet. */
  snapshot: TrainingExample | null
  /** The event is an outcome that came too late, or too early, to be an example. */
  outcomeWithoutExample: boolean
  /** Why the event, scored all the same, doesn't count in every window it belongs to: a dead letter besides. */
  late: Refusal | null
}

/** A survey attribute and its value, by which answers are grouped. */
export interface NpsGroup {
  readonly key: string
  readonly value: string
}

/** An answer that is added to windows (1) or taken back (-1): among all answers, and in its groups. */
export interface NpsChange {
  readonly windows: readonly Window[]
  readonly groups: readonly NpsGroup[]
  readonly class: NpsClass
  readonly answers: 1 | -1
}

/** An order that is added to windows (1) or taken back (-1). */
export interface BasketChange {
  readonly level: 'item' | 'category'
  readonly windows: readonly Window[]
  /** Items or categories, each once. */
  readonly names: readonly string[]
  readonly orders: 1 | -1
}

const NO_MODEL = compileModel({ name: 'none', kind: 'lead', version: '', intercept: 0, inputs: [] })

/** A context with nothing in it yet; one a task is enough. */
export function createEventContext(): EventContext {
  return {
    input: {
      topic: 'profiles',
      event: { eventId: '', tenantId: '', customerId: '', occurredAt: 0, traits: {} },
    },
    tenantId: '',
    customerId: '',
    draft: newCustomerState(),
    tenant: DEFAULT_SETTINGS,
    models: { lead: NO_MODEL, churn: NO_MODEL },
    thresholds: null,
    streamTime: NEVER,
    now: 0,
    arrivedAt: 0,
    cause: 'event',
    eventId: '',
    occurredAt: 0,
    asOf: 0,
    eventHash: 0,
    leadOdds: 0,
    churnOdds: 0,
    features: new Float64Array(FEATURE_COUNT),
    leadWorkings: createWorkings(),
    churnWorkings: createWorkings(),
    customer: emptyCustomer(),
    draftChanged: false,
    changes: [],
    npsChanges: [],
    basketChanges: [],
    examples: [],
    sample: null,
    snapshot: null,
    outcomeWithoutExample: false,
    late: null,
  }
}

function emptyCustomer(): Customer {
  return {
    tenantId: '',
    customerId: '',
    eventId: '',
    cause: 'event',
    occurredAt: 0,
    asOf: 0,
    scoredAt: 0,
    settingsVersion: 0,
    thresholdsVersion: 0,
    rfm: {
      recencyDays: null,
      frequency: 0,
      monetaryMinor: 0,
      currency: null,
      r: null,
      f: null,
      m: null,
      segment: null,
    },
    lead: { probability: 0, score: 0, grade: '', modelVersion: '', reasons: [] },
    churn: { risk: 0, band: '', modelVersion: '', reasons: [] },
    loyalty: null,
    state: Buffer.alloc(0),
  }
}
