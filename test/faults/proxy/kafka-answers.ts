import { CompactReader, CompactWriter } from '../../../connectors/kafka/compact-fields.ts'
import { KafkaReader } from './kafka-reader.ts'

/** Length, API key, version, correlation id: then comes the client id. */
const HEADER_BYTES = 12

/** Error codes of the protocol. */
export const CODES = {
  OFFSET_OUT_OF_RANGE: 1,
  NOT_LEADER: 6,
  NOT_COORDINATOR: 16,
  NOT_ENOUGH_REPLICAS: 19,
  CONCURRENT_TRANSACTIONS: 51,
} as const

function frame(request: Buffer, fields: readonly Buffer[]): Buffer {
  const body = Buffer.concat([int32(request.readInt32BE(8)), ...fields])
  return Buffer.concat([int32(body.length), body])
}

function bodyOf(request: Buffer): KafkaReader {
  const reader = new KafkaReader(request, HEADER_BYTES)
  reader.string()
  return reader
}

const END_TXN = 26
const NO_TAGS = Buffer.from([0])

const versionOf = (request: Buffer): number => request.readInt16BE(6)

/** Heartbeat, AddOffsetsToTxn, EndTxn v0–2 and v5: throttle time and error code. */
export const refuse =
  (code: number) =>
  (request: Buffer): Buffer => {
    const fields = [int32(0), int16(code)]
    const isFlexible = request.readInt16BE(4) === END_TXN && versionOf(request) >= 3
    // With v5 an identity comes behind the code.
    return frame(request, isFlexible ? [NO_TAGS, ...fields, Buffer.alloc(10, 0xff), NO_TAGS] : fields)
  }

export const refuseInitProducerId =
  (code: number) =>
  (request: Buffer): Buffer =>
    frame(request, [int32(0), int16(code), Buffer.alloc(10, 0xff)])

/** AddPartitionsToTxn v0–2: a code for each partition. */
export const refuseAddPartitions =
  (code: number) =>
  (request: Buffer): Buffer => {
    const reader = bodyOf(request)
    reader.string()
    reader.skip(8 + 2)
    const asked: Partition[] = []
    reader.topics((topic) => asked.push({ topic, partition: reader.int32() }))
    return frame(request, [int32(0), byTopic(asked, ({ partition }) => [int32(partition), int16(code)])])
  }

/** TxnOffsetCommit v0–1 and v5: a code for each partition. */
export const refuseOffsets =
  (code: number) =>
  (request: Buffer): Buffer => {
    if (versionOf(request) >= 3) return refuseOffsetsFlexibly(code, request)
    const reader = bodyOf(request)
    reader.string()
    reader.string()
    reader.skip(8 + 2)
    const asked: Partition[] = []
    reader.topics((topic) => {
      asked.push({ topic, partition: reader.int32() })
      reader.skip(8)
      reader.string()
    })
    return frame(request, [int32(0), byTopic(asked, ({ partition }) => [int32(partition), int16(code)])])
  }

function refuseOffsetsFlexibly(code: number, request: Buffer): Buffer {
  const reader = new CompactReader(request.subarray(bodyOf(request).at))
  reader.tags()
  // The transactional id, the group, who writes and of which generation, the member and its instance.
  reader.text()
  reader.text()
  reader.skip(8 + 2 + 4)
  reader.text()
  reader.text()
  const answer = new CompactWriter().noTags().int32(0)
  eachAsked(reader, answer, () => {
    answer.int32(reader.int32()).int16(code).noTags()
    // The offset, its leader's epoch, and metadata.
    reader.skip(8 + 4)
    reader.text()
  })
  return frame(request, [answer.noTags().take()])
}

/** Answers each partition of each topic that a request of a flexible version asks about. @param partition up to its tags */
function eachAsked(reader: CompactReader, answer: CompactWriter, partition: () => void): void {
  const topics = reader.length()
  answer.length(topics)
  for (let t = 0; t < topics; t++) {
    answer.text(reader.text())
    const partitions = reader.length()
    answer.length(partitions)
    for (let p = 0; p < partitions; p++) {
      partition()
      reader.tags()
    }
    reader.tags()
    answer.noTags()
  }
}

/** Fetch v11: a code for each partition, and no records. */
export const refuseFetch =
  (code: number) =>
  (request: Buffer): Buffer => {
    const reader = bodyOf(request)
    reader.skip(4 + 4 + 4 + 4 + 1 + 4 + 4)
    const asked: Partition[] = []
    reader.topics((topic) => {
      asked.push({ topic, partition: reader.int32() })
      reader.skip(4 + 8 + 8 + 4)
    })
    const unknown = int64(-1)
    return frame(request, [
      int32(0),
      int16(0),
      int32(0),
      byTopic(asked, ({ partition }) => [
        int32(partition),
        int16(code),
        unknown,
        unknown,
        unknown,
        int32(0),
        int32(-1),
        int32(0),
      ]),
    ])
  }

/** OffsetFetch v3–4: the committed offsets as this function changes them; -1: none. */
export const rewriteOffsets =
  (change: (topic: string, offset: number) => number) =>
  (answer: Buffer): Buffer => {
    const reader = new KafkaReader(answer, 12)
    reader.topics((topic) => {
      reader.skip(4)
      answer.writeBigInt64BE(BigInt(change(topic, reader.int64())), reader.at - 8)
      reader.string()
      reader.skip(2)
    })
    return answer
  }

/** Produce v7 and v12: a code for each partition, and nothing is written. */
export const refuseProduce =
  (code: number) =>
  (request: Buffer): Buffer => {
    if (versionOf(request) >= 9) return refuseProduceFlexibly(code, request)
    const reader = bodyOf(request)
    reader.string()
    reader.skip(2 + 4)
    const asked: Partition[] = []
    reader.topics((topic) => {
      asked.push({ topic, partition: reader.int32() })
      reader.skip(reader.int32())
    })
    const unknown = int64(-1)
    return frame(request, [
      byTopic(asked, ({ partition }) => [int32(partition), int16(code), unknown, unknown, unknown]),
      int32(0),
    ])
  }

function refuseProduceFlexibly(code: number, request: Buffer): Buffer {
  const reader = new CompactReader(request.subarray(bodyOf(request).at))
  reader.tags()
  reader.text()
  reader.skip(2 + 4)
  const answer = new CompactWriter().noTags()
  eachAsked(reader, answer, () => {
    answer.int32(reader.int32()).int16(code).int64(-1n).int64(-1n).int64(-1n)
    // Refused records one by one, and a message.
    answer.length(0).text(null).noTags()
    reader.skip(reader.length())
  })
  return frame(request, [answer.int32(0).noTags().take()])
}

/** Produce v7: as if the first partition of the answer had been refused. */
export const refuseFirstBatch =
  (code: number) =>
  (answer: Buffer): Buffer => {
    const reader = new KafkaReader(answer, 4 + 4 + 4)
    reader.string()
    reader.skip(4 + 4)
    answer.writeInt16BE(code, reader.at)
    return answer
  }

/** The same of Produce v12. */
export const refuseFirstBatchFlexibly =
  (code: number) =>
  (answer: Buffer): Buffer => {
    // Lengths are of one byte: names are short. Length, correlation id, tags of the header, how many topics.
    const name = 4 + 4 + 1 + 1
    // How many partitions, and the first one's number.
    answer.writeInt16BE(code, name + answer[name]! + 1 + 4)
    return answer
  }

interface Partition {
  readonly topic: string
  readonly partition: number
}

function byTopic(asked: readonly Partition[], fields: (partition: Partition) => Buffer[]): Buffer {
  const topics = [...Map.groupBy(asked, ({ topic }) => topic)]
  return Buffer.concat([
    int32(topics.length),
    ...topics.flatMap(([topic, mine]) => [
      int16(Buffer.byteLength(topic)),
      Buffer.from(topic),
      int32(mine.length),
      ...mine.flatMap(fields),
    ]),
  ])
}

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeInt16BE(value)
  return bytes
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}

function int64(value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigInt64BE(BigInt(value))
  return bytes
}
