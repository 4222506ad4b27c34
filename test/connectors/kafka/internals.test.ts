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
}

interface Connection {
  connect(): Promise<unknown>
  isConnected(): boolean
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
