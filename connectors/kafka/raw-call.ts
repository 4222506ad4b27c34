import type { Broker, ProtocolCall } from './internals.ts'

/** A request whose body is already encoded, in pieces that are written as they are. */
export interface RawCall<T> {
  readonly apiKey: number
  readonly apiVersion: number
  readonly apiName: string
  readonly pieces: readonly Buffer[]
  readonly response: ProtocolCall<T>['response']
  /** Longer than the connection's own, ms. */
  readonly requestTimeout?: number
}

/** The parts of kafkajs's Connection that sending by hand needs. */
export interface Connection {
  readonly clientId: string
  readonly socket: { cork(): void; write(bytes: Buffer): boolean; uncork(): void }
  readonly requestQueue: {
    maybeThrottle(ms: number | null | undefined): void
    push(pushed: {
      entry: {
        apiKey: number
        apiName: string
        apiVersion: number
        correlationId: number
        resolve: (answer: { payload: Buffer }) => void
        reject: (error: unknown) => void
      }
      expectResponse: boolean
      requestTimeout: number | undefined
      sendRequest: () => void
    }): void
  }
  isAuthenticated(): boolean
  authenticate(): Promise<void>
  failIfNotConnected(): void
  nextCorrelationId(): number
}

/**
 * Sends a request as kafkajs's Connection.send does (its queue, its time-outs), but without its two copies of the body:
 * at a megabyte a request, they and the fresh pages they touch cost more than encoding the records. The pieces may not
 * change before the promise settles.
 */
export async function sendRaw<T>(broker: Broker, call: RawCall<T>): Promise<T> {
  const { apiKey, apiVersion, apiName, pieces, response, requestTimeout } = call
  const connection = await broker.connectionPool.getConnectionByRequest({ request: { apiKey } })
  if (!connection.isAuthenticated()) await connection.authenticate()
  const correlationId = connection.nextCorrelationId()
  const clientId = Buffer.from(connection.clientId)
  const header = Buffer.alloc(14 + clientId.length)
  const bodyBytes = pieces.reduce((sum, piece) => sum + piece.length, 0)
  header.writeInt32BE(header.length - 4 + bodyBytes, 0)
  header.writeInt16BE(apiKey, 4)
  header.writeInt16BE(apiVersion, 6)
  header.writeInt32BE(correlationId, 8)
  header.writeInt16BE(clientId.length, 12)
  header.set(clientId, 14)
  const { payload } = await new Promise<{ payload: Buffer }>((resolve, reject) => {
    connection.failIfNotConnected()
    connection.requestQueue.push({
      entry: { apiKey, apiName, apiVersion, correlationId, resolve, reject },
      expectResponse: true,
      requestTimeout,
      sendRequest: () => {
        const { socket } = connection
        socket.cork()
        socket.write(header)
        for (const piece of pieces) socket.write(piece)
        socket.uncork()
      },
    })
  })
  const decoded = await response.decode(payload)
  connection.requestQueue.maybeThrottle(decoded.clientSideThrottleTime)
  return await response.parse(decoded)
}
