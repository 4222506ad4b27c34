import { guarded } from './kafkajs-module.ts'

let mended = false

/** Undoes the faults of kafkajs that are described below, in the modules that it shares with whoever uses it. */
export function mendKafkajs(): void {
  if (mended) return
  mended = true
  stopTimerSpin()
  mendConnections()
}

/**
 * kafkajs re-arms a timer of about 1 ms on every connection for ever (tulios/kafkajs#1704). A check is only needed while
 * requests wait; each answered request looks after the others by itself.
 */
function stopTimerSpin(): void {
  const RequestQueue = guarded<{ prototype: { pending: unknown[]; scheduleCheckPendingRequests(): void } }>(
    'network/requestQueue/index.js',
  )
  const schedule = RequestQueue.prototype.scheduleCheckPendingRequests
  RequestQueue.prototype.scheduleCheckPendingRequests = function scheduleWhilePending(): void {
    if (this.pending.length > 0) schedule.call(this)
  }
}

/** A connection of kafkajs, as far as it is mended here. */
interface Connecting {
  readonly connectionTimeout: number
  socket?: { removeAllListeners(): void; on(event: 'error', listener: () => void): void; destroy(): void } | null
  chunks: Buffer[]
  bytesBuffered: number
  bytesNeeded: number
  isConnected(): boolean
  connect(): Promise<unknown>
  disconnect(): Promise<unknown>
  processData(data: Buffer): void
  rejectRequests(error: Error): void
}

const LATE_CONNECT_MS = 500
/** The size of an answer, which stands before it. */
const SIZE_BYTES = 4

/**
 * Requests that find a connection closed each open a socket of their own, all but the last of which are forgotten; as
 * each of those ends, kafkajs closes the one in use. Requests that come while it connects wait for the same socket. What
 * the socket before had sent of an answer would be taken for the beginning of the next one's: each begins with nothing, and
 * the one before is not listened to any more. Bytes that are no answer end the connection, not the process.
 */
function mendConnections(): void {
  const { prototype } = guarded<{ prototype: Connecting }>('network/connection.js')
  const { connect, processData } = prototype
  const underWay = new WeakMap<object, Promise<unknown>>()
  prototype.connect = function connectTogether(): Promise<unknown> {
    const known = underWay.get(this)
    if (known) return known
    if (!this.isConnected()) forgetSocket(this)
    let timer: NodeJS.Timeout | undefined
    // A peer that hangs up during a TLS handshake makes kafkajs forget its own time-out: all would wait for ever.
    const late = new Promise((_resolve, reject) => {
      const error = Object.assign(new Error('no connection in time'), { code: 'ETIMEDOUT' })
      timer = setTimeout(() => reject(error), this.connectionTimeout + LATE_CONNECT_MS)
    })
    const connecting = Promise.race([connect.call(this), late]).finally(() => {
      clearTimeout(timer)
      underWay.delete(this)
    })
    underWay.set(this, connecting)
    return connecting
  }
  prototype.processData = function processOrEnd(data): void {
    try {
      processData.call(this, data)
    } catch (cause) {
      this.rejectRequests(Object.assign(new Error('an answer that is none', { cause }), { code: 'ECONNRESET' }))
      void this.disconnect()
    }
  }
}

function forgetSocket(connection: Connecting): void {
  const { socket } = connection
  socket?.removeAllListeners()
  socket?.on('error', () => {
    // Nobody waits for it any more.
  })
  socket?.destroy()
  connection.chunks = []
  connection.bytesBuffered = 0
  connection.bytesNeeded = SIZE_BYTES
}
