import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { FaultRules } from './fault-rules.ts'

/** Where the frame at the start of these bytes ends; -1: not all of it is there. */
export type FrameEnd = (bytes: Buffer) => number

/** A protocol whose servers answer the requests of a connection in their order. */
export interface Protocol {
  readonly requestEnd: FrameEnd
  readonly answerEnd: FrameEnd
  readonly nameOf: (request: Buffer) => string
  /** Changes every answer, so that clients go on using the proxy. */
  readonly redirect?: (answer: Buffer, request: Buffer, proxyPort: number) => Buffer
}

export interface FaultProxy {
  readonly port: number
  readonly rules: FaultRules
  close(): Promise<void>
}

/** A way to a server that understands its requests and does to some of them what the rules say. */
export async function startFaultProxy(protocol: Protocol, host: string, port: number): Promise<FaultProxy> {
  const rules = new FaultRules()
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    const upstream = connect(port, host)
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket)
      socket.setNoDelay(true)
      socket.on('error', () => {})
      socket.on('close', () => {
        sockets.delete(socket)
        other.destroy()
      })
    }
    relay(client, upstream, protocol, rules, portOf())
  })
  const portOf = (): number => {
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('the proxy has no port')
    return address.port
  }
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: portOf(),
    rules,
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

function relay(client: Socket, upstream: Socket, protocol: Protocol, rules: FaultRules, proxyPort: number): void {
  const awaited: ((answer: Buffer) => void)[] = []
  let sending: Promise<void> = Promise.resolve()
  let answering: Promise<void> = Promise.resolve()
  const redirect = protocol.redirect ?? ((answer: Buffer) => answer)

  eachFrame(client, protocol.requestEnd, (request) => {
    const fault = rules.take(protocol.nameOf(request))
    if (fault === 'cut-before') {
      client.destroy()
      return
    }
    const answered = Promise.withResolvers<Buffer | null>()
    sending = sending.then(async () => {
      if (typeof fault === 'object' && 'until' in fault) await fault.until
      if (fault === 'lose-request') answered.resolve(null)
      else if (typeof fault === 'object' && 'answer' in fault) answered.resolve(fault.answer(request))
      else {
        awaited.push(answered.resolve)
        upstream.write(request)
      }
    })
    answering = answering.then(async () => {
      const answer = await answered.promise
      if (typeof fault === 'object' && 'delayMs' in fault) await sleep(fault.delayMs)
      if (fault === 'cut-after') client.destroy()
      if (answer === null || fault === 'lose-answer' || client.destroyed) return
      const changed = typeof fault === 'object' && 'rewrite' in fault ? fault.rewrite(answer) : answer
      client.write(redirect(changed, request, proxyPort))
    })
  })
  eachFrame(upstream, protocol.answerEnd, (answer) => awaited.shift()?.(answer))
}

function eachFrame(socket: Socket, frameEnd: FrameEnd, take: (frame: Buffer) => void): void {
  let rest: Buffer = Buffer.alloc(0)
  socket.on('data', (bytes: Buffer) => {
    rest = rest.length === 0 ? bytes : Buffer.concat([rest, bytes])
    for (let end = frameEnd(rest); end > 0; end = frameEnd(rest)) {
      take(rest.subarray(0, end))
      rest = rest.subarray(end)
    }
  })
}
