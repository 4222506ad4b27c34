import { type FaultProxy, type Protocol, startFaultProxy } from './fault-proxy.ts'
import { KafkaReader } from './kafka-reader.ts'

/** The requests that faults are made of, by API key. */
const APIS: Readonly<Record<number, string>> = {
  0: 'Produce',
  1: 'Fetch',
  2: 'ListOffsets',
  3: 'Metadata',
  9: 'OffsetFetch',
  10: 'FindCoordinator',
  11: 'JoinGroup',
  12: 'Heartbeat',
  14: 'SyncGroup',
  18: 'ApiVersions',
  22: 'InitProducerId',
  24: 'AddPartitionsToTxn',
  25: 'AddOffsetsToTxn',
  26: 'EndTxn',
  28: 'TxnOffsetCommit',
}

/** Metadata changes its encoding there. */
const FLEXIBLE_METADATA = 9

/** Frames are a length (4 bytes) and so many bytes. */
function frameEnd(bytes: Buffer): number {
  if (bytes.length < 4) return -1
  const end = 4 + bytes.readInt32BE(0)
  return bytes.length < end ? -1 : end
}

const kafka: Protocol = {
  requestEnd: frameEnd,
  answerEnd: frameEnd,
  nameOf: (request) => APIS[request.readInt16BE(4)] ?? String(request.readInt16BE(4)),
  // Answers that say where a broker listens. Only ports differ: all is on loopback, behind one proxy.
  redirect(answer, request, proxyPort) {
    const [api, version] = [request.readInt16BE(4), request.readInt16BE(6)]
    if (APIS[api] === 'Metadata' && version < FLEXIBLE_METADATA) {
      const reader = new KafkaReader(answer, version >= 3 ? 12 : 8)
      for (let left = reader.int32(); left > 0; left--) {
        reader.skip(4)
        reader.string()
        answer.writeInt32BE(proxyPort, reader.at)
        reader.skip(4)
        if (version >= 1) reader.string()
      }
    } else if (APIS[api] === 'FindCoordinator') {
      const reader = new KafkaReader(answer, version >= 1 ? 12 : 8)
      const found = reader.int16() === 0
      if (version >= 1) reader.string()
      reader.skip(4)
      reader.string()
      if (found) answer.writeInt32BE(proxyPort, reader.at)
    }
    return answer
  },
}

/** @param brokers host:port; of several the first: the stack has one broker */
export async function startKafkaProxy(brokers: string): Promise<FaultProxy> {
  const [host, port] = brokers.split(',')[0]!.split(':')
  return await startFaultProxy(kafka, host!, Number(port))
}
