import { compileModel, type Models } from '../models/linear-model.ts'
import { nextLookAt } from '../models/next-look.ts'
import { CHURN_PRIOR } from '../models/priors/churn-prior.ts'
import { LEAD_PRIOR } from '../models/priors/lead-prior.ts'
import { type BasketChange, createEventContext, type NpsChange } from '../processors/event-context.ts'
import { labelSnapshot } from '../processors/label-snapshot.ts'
import type { Outcome } from '../processors/outcome.ts'
import { StreamTimes } from '../runtime/stream-time.ts'
import type { Customer } from '../schemas/avro/customer.ts'
import type { ScoreChange } from '../schemas/avro/score-change.ts'
import type { ScoreSample } from '../schemas/avro/score-sample.ts'
import type { TrainingExample } from '../schemas/avro/training-example.ts'
import type { CustomerState } from '../schemas/customer-state.ts'
import { AppError } from '../schemas/errors.ts'
import type { InputEvent } from '../schemas/events.ts'
import { newCustomerState } from '../schemas/new-state.ts'
import { customerKey } from '../schemas/partition.ts'
import { DEFAULT_SETTINGS, type TenantSettings } from '../schemas/settings.ts'
import { decodeState, encodeState } from '../schemas/state-codec.ts'
import type { Thresholds } from '../schemas/thresholds.ts'
import { INPUT_TOPICS } from '../schemas/topics.ts'
import { createScoring } from '../topology/scoring.ts'

export interface DriverOptions {
  /** Settings of every tenant; the defaults when left out. */
  readonly settings?: TenantSettings
  /** The prior scorecards when left out. */
  readonly models?: Models
  /** Of every tenant's population; none when left out. */
  readonly thresholds?: Thresholds | null
  /** What the worker's clock shows at first, epoch ms. */
  readonly now: number
}

export interface DeadLetter {
  readonly input: InputEvent
  readonly stage: string
  readonly reason: string
  readonly error: string
}

type EventOf<Topic> = Extract<InputEvent, { topic: Topic }>['event']

/** What each output topic holds. */
export interface DriverOutputs {
  customers: Customer
  'score-changes': ScoreChange
  'dead-letters': DeadLetter
  'training-examples': TrainingExample
  'score-samples': ScoreSample
  /** Before they are combined. */
  'nps-deltas': NpsChange
  'basket-deltas': BasketChange
}

/**
 * The scoring topology in memory: synchronous, without broker or Redis, on a clock that only `advance` moves.
 *
 *   const driver = createDriver({ now: Date.UTC(2026, 0, 1) })
 *   driver.pipe('interactions', { eventId: 'e-1', tenantId: 'shop', customerId: 'c-1', type: 'demo_request', occurredAt, … })
 *   driver.read('customers')[0].lead.grade
 *
 * A customer's state goes from one event to the next as the bytes in his `customers` record, as it would after a crash.
 */
export interface Driver {
  /** Takes one event through the topology and says how it ended. What a processor throws is thrown. */
  pipe<Topic extends InputEvent['topic']>(topic: Topic, event: EventOf<Topic>): Outcome
  /**
   * Fires the timers of all customers that are due before a time, as the task does for those without events. `pipe` has
   * fired those of the event's own customer that were due before the event and before the newest event of his tenant.
   */
  passTime(before: number): void
  /** Nothing of the customer stays, as after a null value on `profiles`. */
  erase(tenantId: string, customerId: string): void
  /** Judges all customers anew by the thresholds in force, as the task does when thresholds have changed. */
  sweep(): void
  /** The records that came into an output topic since it was last read. */
  read<Topic extends keyof DriverOutputs>(topic: Topic): DriverOutputs[Topic][]
  /** What is known of a customer, undefined before his first event. */
  state(tenantId: string, customerId: string): CustomerState | undefined
  /** Puts other thresholds in force, between two events. */
  useThresholds(thresholds: Thresholds | null): void
  /** Puts other models in force, between two events. */
  useModels(models: Models): void
  /** Moves the worker's clock. */
  advance(ms: number): void
}

export function createDriver({ settings = DEFAULT_SETTINGS, models, thresholds = null, now }: DriverOptions): Driver {
  const scoring = createScoring()
  const context = createEventContext()
  const states = new Map<string, Buffer>()
  const snapshots = new Map<string, TrainingExample>()
  const outputs: { [Topic in keyof DriverOutputs]: DriverOutputs[Topic][] } = {
    customers: [],
    'score-changes': [],
    'dead-letters': [],
    'training-examples': [],
    'score-samples': [],
    'nps-deltas': [],
    'basket-deltas': [],
  }
  context.tenant = settings
  context.thresholds = thresholds
  context.models = models ?? { lead: compileModel(LEAD_PRIOR), churn: compileModel(CHURN_PRIOR) }
  context.now = now

  const streamTimes = new StreamTimes()

  const stateOf = (tenantId: string, customerId: string): CustomerState | undefined => {
    const bytes = states.get(customerKey(tenantId, customerId))
    return bytes === undefined ? undefined : decodeState(bytes)
  }

  const keep = (): void => {
    const customer = { ...copyOf(context.customer), state: bytesOf(context.draft) }
    states.set(customerKey(context.tenantId, context.customerId), customer.state)
    outputs.customers.push(customer)
    // Their reasons are written over by the next event.
    outputs['score-changes'].push(...structuredClone(context.changes))
    outputs['training-examples'].push(...context.examples)
    if (context.sample !== null) outputs['score-samples'].push(context.sample)
    const { snapshot } = context
    if (snapshot !== null) snapshots.set(snapshotKey(snapshot, snapshot.knownAt), snapshot)
  }

  const fireTimers = (tenantId: string, customerId: string, before: number): void => {
    context.tenantId = tenantId
    context.customerId = customerId
    for (;;) {
      const state = stateOf(tenantId, customerId)
      const at = state === undefined ? 0 : nextLookAt(state)
      if (state === undefined || at === 0 || at >= before) return
      if (at === state.openSnapshots[0]) {
        const open = snapshots.get(snapshotKey({ tenantId, customerId }, at))!
        outputs['training-examples'].push(labelSnapshot(open, state))
        state.openSnapshots = state.openSnapshots.slice(1)
        states.set(customerKey(tenantId, customerId), bytesOf(state))
        continue
      }
      context.draft = state
      if (scoring.fire(context).kind === 'forward') keep()
      else states.set(customerKey(tenantId, customerId), bytesOf(state))
    }
  }

  const process = (tenantId: string, customerId: string): Outcome => {
    context.tenantId = tenantId
    context.customerId = customerId
    context.draft = stateOf(tenantId, customerId) ?? newCustomerState()
    return scoring.process(context)
  }

  return {
    pipe(topic, event) {
      refuseUnknown(topic, INPUT_TOPICS)
      const { tenantId, customerId } = event
      context.input = { topic, event } as InputEvent // the pair is right by the signature of pipe
      context.streamTime = streamTimes.of(tenantId)
      context.arrivedAt = context.now
      const now = Math.max(context.streamTime, event.occurredAt)
      const known = stateOf(tenantId, customerId)
      const lookAt = known === undefined ? 0 : nextLookAt(known)
      // An event that is refused makes no time pass.
      if (lookAt !== 0 && lookAt < now && process(tenantId, customerId).kind === 'forward') {
        fireTimers(tenantId, customerId, now)
      }
      const outcome = process(tenantId, customerId)
      if (outcome.kind === 'forward') {
        keep()
        outputs['nps-deltas'].push(...context.npsChanges)
        outputs['basket-deltas'].push(...context.basketChanges)
        if (context.late !== null) {
          outputs['dead-letters'].push({ input: context.input, stage: 'window', ...context.late })
        }
        streamTimes.observe(tenantId, context.draft.newestAt)
      } else if (outcome.kind === 'deadLetter') {
        const { stage, reason, error } = outcome
        outputs['dead-letters'].push({ input: context.input, stage, reason, error })
      }
      return outcome
    },
    erase(tenantId, customerId) {
      states.delete(customerKey(tenantId, customerId))
    },
    sweep() {
      for (const key of states.keys()) {
        const slash = key.indexOf('/')
        context.tenantId = key.slice(0, slash)
        context.customerId = key.slice(slash + 1)
        context.draft = stateOf(context.tenantId, context.customerId)!
        if (scoring.rerank(context, 'population').kind === 'forward') keep()
      }
    },
    read(topic) {
      refuseUnknown(topic, Object.keys(outputs))
      return outputs[topic].splice(0)
    },
    passTime(before) {
      for (const key of [...states.keys()]) {
        const slash = key.indexOf('/')
        fireTimers(key.slice(0, slash), key.slice(slash + 1), before)
      }
    },
    state: stateOf,
    useThresholds(thresholds) {
      context.thresholds = thresholds
    },
    useModels(other) {
      context.models = other
    },
    advance(ms) {
      context.now += ms
    },
  }
}

/** Types know the topics; plain JavaScript doesn't. @throws AppError INPUT_INVALID naming those that there are */
function refuseUnknown(topic: string, known: readonly string[]): void {
  if (known.includes(topic)) return
  throw new AppError('INPUT_INVALID', `there is no topic ${topic} here; it must be one of ${known.join(', ')}`, {
    details: { field: 'topic' },
  })
}

const snapshotKey = ({ tenantId, customerId }: Pick<TrainingExample, 'tenantId' | 'customerId'>, end: number): string =>
  `${customerKey(tenantId, customerId)}@${end}`

function bytesOf(state: CustomerState): Buffer {
  for (let size = 4_096; ; size *= 2) {
    const bytes = Buffer.alloc(size)
    try {
      return bytes.subarray(0, encodeState(state, bytes, 0))
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
    }
  }
}

/** The context uses its record again for the next event. */
function copyOf(customer: Customer): Customer {
  const { rfm, lead, churn, loyalty } = customer
  return {
    ...customer,
    rfm: { ...rfm },
    lead: { ...lead, reasons: lead.reasons.map((reason) => ({ ...reason })) },
    churn: { ...churn, reasons: churn.reasons.map((reason) => ({ ...reason })) },
    loyalty: loyalty && { ...loyalty },
  }
}
