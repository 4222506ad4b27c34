import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** A way to a server that a test can block or cut. */
export interface TcpProxy {
  readonly port: number
  /** Everything comes so much later, in its order; 0: at once. */
  slow(delayMs: number): void
  /** Connections stay open, and nothing comes through. */
  stall(): void
  /** Connections end, and new ones are refused at once. */
  cut(): void
  restore(): void
  close(): Promise<void>
}

export async function startTcpProxy(host: string, port: number): Promise<TcpProxy> {
  let mode: 'open' | 'stalled' | 'cut' = 'open'
  let delayMs = 0
  const sockets = new Set<Socket>()
  const end = (): void => {
    for (const socket of sockets) socket.destroy()
  }
  const server = createServer((incoming) => {
    if (mode === 'cut') {
      incoming.destroy()
      return
    }
    const outgoing = connect(port, host)
    for (const [from, to] of [
      [incoming, outgoing],
      [outgoing, incoming],
    ] as const) {
      sockets.add(from)
      from.on('data', (bytes) => {
        if (mode !== 'open') return
        // Timers of one length fire in their order.
        if (delayMs > 0) setTimeout(() => to.write(bytes), delayMs)
        else to.write(bytes)
      })
      from.on('error', () => {})
      from.on('close', () => {
        sockets.delete(from)
        to.destroy()
      })
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port')
  return {
    port: address.port,
    slow(ms) {
      delayMs = ms
    },
    stall() {
      mode = 'stalled'
    },
    cut() {
      mode = 'cut'
      end()
    },
    restore() {
      mode = 'open'
      // What was swallowed while stalled leaves old connections out of step.
      end()
    },
    async close() {
      end()
      server.close()
      await once(server, 'close')
    },
  }
}
