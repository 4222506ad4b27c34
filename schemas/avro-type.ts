import avro from 'avsc'
import type { AvroSchema } from './avro.ts'
import { toAvsc } from './avsc.ts'
import { boundAvroBlocks } from './avsc-blocks.ts'
import { mendAvroEnums } from './avsc-enums.ts'
import { keepAvroStrings } from './avsc-strings.ts'

export type AvroType = InstanceType<typeof avro.Type>

let isMended = false

/** avsc's type of a schema of ours. */
export function avroType(schema: AvroSchema): AvroType {
  return parseAvroType(toAvsc(schema))
}

/** avsc's type of a schema in Avro's JSON. @throws Error of avsc when it can't make sense of it */
export function parseAvroType(json: unknown): AvroType {
  mendAvsc()
  return avro.Type.forSchema(json as avro.Schema)
}

/** Once: what is mended are avsc's own prototypes. */
function mendAvsc(): void {
  if (isMended) return
  isMended = true
  boundAvroBlocks()
  mendAvroEnums()
  keepAvroStrings()
}
