import { connect } from 'node:net'

export interface SocketQuestion {
  readonly port: number
  readonly request: Buffer | string
  /** True when the bytes received so far are the whole answer. */
  readonly isWhole: (answer: Buffer) => boolean
}

/** Sends one request to a server on this machine; null where no whole answer comes. */
export function askSocket({ port, request, isWhole }: SocketQuestion): Promise<Buffer | null> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', timeout: 5_000 })
    let received = Buffer.alloc(0)
    const done = (answer: Buffer | null) => {
      socket.destroy()
      resolve(answer)
    }
    socket.once('connect', () => socket.write(request))
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk])
      if (isWhole(received)) done(received)
    })
    socket.once('timeout', () => done(null))
    socket.once('error', () => done(null))
    socket.once('close', () => done(null))
  })
}
