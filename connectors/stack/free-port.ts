import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'
import { AppError } from '../../schemas/errors.ts'

// Below the range that systems hand out for outgoing connections (32768 and up on Linux): a client that reconnects to a
// server that is down could otherwise be given the server's own port, connect to itself, and keep the server from it.
const LOWEST = 20_000
const HIGHEST = 32_000
const taken = new Set<number>()

/** A port on the loopback address that nobody listens on, and that this process has not been given before. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const port = randomInt(LOWEST, HIGHEST)
    if (taken.has(port) || !(await isFree(port))) continue
    taken.add(port)
    return port
  }
  throw new AppError('PORT_IN_USE', `no free port between ${LOWEST} and ${HIGHEST} was found on 127.0.0.1`)
}

export async function isFree(port: number): Promise<boolean> {
  // Some servers listen on the loopback address alone, others on all: both must be free.
  return (await canListen(port, '127.0.0.1')) && (await canListen(port, '0.0.0.0'))
}

function canListen(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)))
  })
}
