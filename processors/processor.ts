import type { EventContext } from './event-context.ts'
import type { Outcome } from './outcome.ts'

/** One step of the pipeline: looks at the event, changes the context, decides. Pure but for the context it is given. */
export type Processor = (context: EventContext) => Outcome
