import { askSocket } from './ask-socket.ts'

// Metadata, version 4, of no topics. kafkajs would do it too, but its clients warn and retry on a broker that isn't up yet.
const METADATA = 3
const VERSION = 4
const CLIENT_ID = 'everscore-stack'

/** The cluster id that the broker answers with once it takes part in its cluster; null before. */
export async function kafkaClusterId(port: number): Promise<string | null> {
  const answer = await askSocket({ port, request: metadataRequest(), isWhole })
  return answer === null ? null : readClusterId(answer)
}

function metadataRequest(): Buffer {
  const name = Buffer.from(CLIENT_ID)
  const body = Buffer.alloc(10 + name.length + 5)
  body.writeInt16BE(METADATA, 0)
  body.writeInt16BE(VERSION, 2)
  body.writeInt32BE(1, 4)
  body.writeInt16BE(name.length, 8)
  name.copy(body, 10)
  // An array of no topics (a null one would be all), and no creation of any: both zero already.
  const size = Buffer.alloc(4)
  size.writeInt32BE(body.length, 0)
  return Buffer.concat([size, body])
}

function isWhole(answer: Buffer): boolean {
  return answer.length >= 4 && answer.length >= 4 + answer.readInt32BE(0)
}

function readClusterId(answer: Buffer): string | null {
  // After size, correlation id and throttle time.
  let at = 12
  const readString = () => {
    const length = answer.readInt16BE(at)
    const text = length < 0 ? null : answer.toString('utf8', at + 2, at + 2 + length)
    at += 2 + Math.max(length, 0)
    return text
  }
  const brokers = answer.readInt32BE(at)
  at += 4
  for (let broker = 0; broker < brokers; broker++) {
    at += 4
    readString()
    at += 4
    readString()
  }
  // A broker that isn't registered or is still fenced lists none.
  return brokers === 0 ? null : readString()
}
