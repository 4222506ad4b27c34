import type { AvroType } from './avro-type.ts'
import { VarintReader } from './varint.ts'

/** An event's time, epoch ms; NaN: the bytes end before it. */
export type TimeReader = (bytes: Buffer, start: number, end: number) => number

const NAME = 'occurredAt'

/** What a field takes: a varint, as many bytes as a varint says, or so many. */
type Step = { readonly kind: 'varint' | 'text' } | { readonly kind: 'bytes'; readonly size: number }

const STEPS: Readonly<Record<string, Step>> = {
  int: { kind: 'varint' },
  long: { kind: 'varint' },
  enum: { kind: 'varint' },
  string: { kind: 'text' },
  bytes: { kind: 'text' },
  boolean: { kind: 'bytes', size: 1 },
  float: { kind: 'bytes', size: 4 },
  double: { kind: 'bytes', size: 8 },
}

/**
 * Reads `occurredAt` of records of a schema without making an object of them: what waits to be processed needs only its
 * time.
 * @param writer the schema that the records were written as
 * @returns null: the schema has no such long, or something before it that isn't one value of a simple type
 */
export function timeReaderOf(writer: AvroType): TimeReader | null {
  const fields = (writer as unknown as { fields?: readonly { name: string; type: AvroType }[] }).fields ?? []
  const at = fields.findIndex(({ name }) => name === NAME)
  if (at < 0 || fields[at]!.type.typeName !== 'long') return null
  const steps: Step[] = []
  for (const { type } of fields.slice(0, at)) {
    const step = STEPS[type.typeName]
    if (step === undefined) return null
    steps.push(step)
  }
  return (bytes, start, end) => {
    const reader = new VarintReader(bytes, start)
    for (let i = 0; i < steps.length; i++) {
      const step = steps[i]!
      if (step.kind === 'bytes') reader.at += step.size
      else {
        const value = reader.next()
        if (step.kind === 'text') {
          if (value < 0) return Number.NaN
          reader.at += value
        }
      }
      if (reader.at >= end) return Number.NaN
    }
    const time = reader.next()
    return reader.at <= end && Number.isSafeInteger(time) ? time : Number.NaN
  }
}
