import { EventEmitter } from 'node:events'
import { createRequire } from 'node:module'
import { expect, test } from 'vitest'
import { createCluster } from '../../../connectors/kafka/internals.ts'

class FakeSocket extends EventEmitter {
  setKeepAlive(): this {
    return this
  }
  setTimeout(): this {
    return this
  }
  end(): void {}
  unref(): void {}
  destroy(): void {}
}

interface Answer {
  readonly correlationId: number
  readonly payload: Buffer
}

interface Connection {
  connect(): Promise<unknown>
  isConnected(): boolean
  readonly requestQueue: { fulfillRequest(answer: Answer): void; rejectAll(error: Error): void }
}

const Connection = createRequire(import.meta.url)('kafkajs/src/network/connection.js') as new (
  options: object,
) => Connection

function newConnection(connectionTimeout = 60_000): {
  connection: Connection
  sockets: { socket: FakeSocket; onConnect: () => void }[]
} {
  // Makes the changes to kafkajs; it connects to nobody.
  createCluster({ brokers: ['localhost:1'], clientId: 'test', connectionTimeout: 1, requestTimeout: 1, logCreator })
  const sockets: { socket: FakeSocket; onConnect: () => void }[] = []
  const connection = new Connection({
    host: 'broker',
    port: 9092,
    logger: { namespace: () => ({ debug() {}, error() {} }) },
    connectionTimeout,
    socketFactory: ({ onConnect }: { onConnect: () => void }) => {
      const socket = new FakeSocket()
      sockets.push({ socket, onConnect })
      return socket
    },
  })
  return { connection, sockets }
}

const logCreator = () => () => {}

test('requests that find the connection closed open one socket together', async () => {
  const { connection, sockets } = newConnection()
  const connecting = [connection.connect(), connection.connect(), connection.connect()]
  expect(sockets).toHaveLength(1)
  sockets[0]!.onConnect()
  await Promise.all(connecting)
  expect(connection.isConnected()).toBe(true)
})

test('a connection that failed is tried again by the next request', async () => {
  const { connection, sockets } = newConnection()
  const failing = [connection.connect(), connection.connect()]
  sockets[0]!.socket.emit('error', new Error('refused'))
  for (const each of failing) await expect(each).rejects.toThrow('refused')
  void connection.connect()
  expect(sockets).toHaveLength(2)
  sockets[1]!.onConnect()
})

test('a peer that hangs up before the connection stands holds nobody up', async () => {
  const { connection, sockets } = newConnection(1)
  const hungUp = connection.connect()
  sockets[0]!.socket.emit('end')
  await expect(hungUp).rejects.toThrow('no connection in time')
  void connection.connect()
  expect(sockets).toHaveLength(2)
  sockets[1]!.onConnect()
})

/** An answer as it comes over the wire. */
function framed(correlationId: number, payload: string): Buffer {
  const frame = Buffer.alloc(8 + payload.length)
  frame.writeInt32BE(4 + payload.length, 0)
  frame.writeInt32BE(correlationId, 4)
  frame.write(payload, 8)
  return frame
}

function answersOf({ requestQueue }: Connection): string[] {
  const answers: string[] = []
  requestQueue.fulfillRequest = ({ correlationId, payload }) => answers.push(`${correlationId} ${payload.toString()}`)
  return answers
}

test('what came of an answer before a connection ended is no part of an answer on the next', async () => {
  const { connection, sockets } = newConnection()
  const answers = answersOf(connection)
  const first = connection.connect()
  sockets[0]!.onConnect()
  await first
  sockets[0]!.socket.emit('data', framed(1, 'whole'))
  sockets[0]!.socket.emit('data', framed(2, 'cut off').subarray(0, 10))
  sockets[0]!.socket.emit('end')
  await expect.poll(() => connection.isConnected()).toBe(false)
  const second = connection.connect()
  sockets[1]!.onConnect()
  await second
  // The rest of it comes late.
  sockets[0]!.socket.emit('data', framed(2, 'cut off').subarray(10))
  sockets[1]!.socket.emit('data', framed(3, 'whole again'))
  sockets[0]!.socket.emit('end')
  sockets[1]!.socket.emit('data', framed(4, 'and more'))
  expect(answers).toEqual(['1 whole', '3 whole again', '4 and more'])
  expect(connection.isConnected()).toBe(true)
})

test('bytes that are no answer end the connection, and whoever waits is told', async () => {
  const { connection, sockets } = newConnection()
  const connecting = connection.connect()
  sockets[0]!.onConnect()
  await connecting
  const rejected: Error[] = []
  connection.requestQueue.rejectAll = (error) => rejected.push(error)
  sockets[0]!.socket.emit('data', Buffer.from([0, 0, 0, 2, 7, 7]))
  await expect.poll(() => connection.isConnected()).toBe(false)
  expect(rejected.map(({ message }) => message)).toEqual(['an answer that is none'])
})
