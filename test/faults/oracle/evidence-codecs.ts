import { topicSchema } from '../../../connectors/file-replay/topic-schema.ts'
import { type CrossSell, crossSellSchema } from '../../../schemas/avro/cross-sell.ts'
import { type Customer, customerSchema } from '../../../schemas/avro/customer.ts'
import { type Nps, npsSchema } from '../../../schemas/avro/nps.ts'
import { type PopulationDelta, populationDeltaSchema } from '../../../schemas/avro/population-delta.ts'
import { type ScoreChange, scoreChangeSchema } from '../../../schemas/avro/score-change.ts'
import type { AvroSchema } from '../../../schemas/avro.ts'
import { toAvsc } from '../../../schemas/avsc.ts'
import { AvroCodec } from '../../../schemas/codec.ts'
import { AppError } from '../../../schemas/errors.ts'
import type { InputEvent } from '../../../schemas/events.ts'
import { INPUT_TOPICS } from '../../../schemas/topics.ts'

/** Their ids are their positions. */
const SCHEMAS: readonly AvroSchema[] = [
  ...INPUT_TOPICS.map(topicSchema),
  customerSchema,
  scoreChangeSchema,
  populationDeltaSchema,
  npsSchema,
  crossSellSchema,
]
type Codec = AvroCodec<object>
const codecs: readonly Codec[] = SCHEMAS.map((schema, id) =>
  new AvroCodec<object>(schema, { schemaById: schemaOf }).useId(id),
)
const [customerCodec, changeCodec, deltaCodec, npsCodec, crossSellCodec] = codecs.slice(-5) as [
  Codec,
  Codec,
  Codec,
  Codec,
  Codec,
]

/** @throws AppError SCHEMA_UNKNOWN */
export async function schemaOf(id: number): Promise<unknown> {
  const schema = SCHEMAS[id]
  if (schema === undefined) throw new AppError('SCHEMA_UNKNOWN', `no schema ${id}`)
  return toAvsc(schema)
}

export function encodeInput({ topic, event }: InputEvent): Buffer {
  return codecs[INPUT_TOPICS.indexOf(topic)]!.encode(event)
}

export function encodeDelta(delta: PopulationDelta): Buffer {
  return deltaCodec.encode(delta)
}

export function decodeCustomer(value: Buffer): Customer {
  return customerCodec.decode(value) as Customer
}

export function encodeCustomer(customer: Customer): Buffer {
  return customerCodec.encode(customer)
}

export function decodeChange(value: Buffer): ScoreChange {
  return changeCodec.decode(value) as ScoreChange
}

export function encodeChange(change: ScoreChange): Buffer {
  return changeCodec.encode(change)
}

export function decodeNps(value: Buffer): Nps {
  return npsCodec.decode(value) as Nps
}

export function encodeNps(result: Nps): Buffer {
  return npsCodec.encode(result)
}

export function decodeCrossSell(value: Buffer): CrossSell {
  return crossSellCodec.decode(value) as CrossSell
}

export function encodeCrossSell(result: CrossSell): Buffer {
  return crossSellCodec.encode(result)
}
