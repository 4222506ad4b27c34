import { constants, gunzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import lz4 from 'lz4-napi'
import snappy from 'snappyjs'
import { AppError, messageOf } from '../../schemas/errors.ts'

/** snappy-java's stream header, which the Java client writes before its blocks. */
const XERIAL_MAGIC = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0])
const XERIAL_HEADER_BYTES = 16

/** A batch of 1 MiB may be a thousand times that: it would end every worker that the partition is given to. */
const MAX_BYTES = 128 * 1024 * 1024
const LIMIT = { maxOutputLength: MAX_BYTES } as const

function unsnappy(data: Buffer): Buffer {
  if (!data.subarray(0, XERIAL_MAGIC.length).equals(XERIAL_MAGIC)) return Buffer.from(snappy.uncompress(data))
  const blocks: Buffer[] = []
  for (let at = XERIAL_HEADER_BYTES; at < data.length; ) {
    const size = data.readInt32BE(at)
    blocks.push(Buffer.from(snappy.uncompress(data.subarray(at + 4, at + 4 + size))))
    at += 4 + size
  }
  return Buffer.concat(blocks)
}

/**
 * Undoes the compression of a record batch: bits 0-2 of its attributes (1 gzip, 2 snappy, 3 lz4 frames, 4 zstd).
 * @throws AppError KAFKA_REFUSED for bytes that aren't of that codec, and for gzip and zstd that hold more than 128 MiB
 */
export function decompress(codec: number, data: Buffer): Buffer {
  try {
    return decompressed(codec, data)
  } catch (cause) {
    if (cause instanceof AppError) throw cause
    throw new AppError('KAFKA_REFUSED', `record batch can't be decompressed: ${messageOf(cause)}`, {
      cause,
      details: { codec },
    })
  }
}

function decompressed(codec: number, data: Buffer): Buffer {
  switch (codec) {
    case 0:
      return data
    case 1:
      return gunzipSync(data, LIMIT)
    case 2:
      return unsnappy(data)
    case 3:
      return lz4.decompressFrameSync(data)
    case 4:
      return zstdDecompressSync(data, LIMIT)
    default:
      throw new AppError('KAFKA_REFUSED', `record batch with unknown compression ${codec}`, { details: { codec } })
  }
}

/** Those that batches are written with; the names are Kafka's. */
export const COMPRESSION_TYPES = ['none', 'lz4', 'zstd'] as const
export type CompressionType = (typeof COMPRESSION_TYPES)[number]

/** Smaller batches gain less than their headers take. */
const LEAST_BYTES = 512
const ZSTD_FASTEST = { [constants.ZSTD_c_compressionLevel]: 1 } as const

/** Records of a batch, and the codec for bits 0-2 of the batch's attributes. */
interface Compressed {
  readonly codec: number
  readonly data: Buffer
}

/** Compressed where it pays: what is returned is never larger than the records. */
export function compress(type: CompressionType, records: Buffer): Compressed {
  const plain = { codec: 0, data: records }
  if (type === 'none' || records.length < LEAST_BYTES) return plain
  const compressed =
    type === 'lz4' ? { codec: 3, data: lz4.compressFrameSync(records) } : { codec: 4, data: zstd(records) }
  return compressed.data.length < records.length ? compressed : plain
}

/** Records come down to a half and less, so that one piece of that size holds them; small pieces would be put together. */
function zstd(records: Buffer): Buffer {
  return zstdCompressSync(records, { params: ZSTD_FASTEST, chunkSize: records.length >> 1 })
}
