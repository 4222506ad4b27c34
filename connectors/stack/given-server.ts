import { connect } from 'node:net'
import { AppError } from '../../schemas/errors.ts'
import { ADDRESS_VARIABLES, type RunningServer, SERVER_TITLES, type ServerName } from './types.ts'
import { waitUntil } from './wait-until.ts'

const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'redis:': 6379, 'rediss:': 6379, 'http:': 80, 'https:': 443 }
const KAFKA_PORT = 9092

/** A server that somebody else runs: used as it is, never stopped. */
export function givenServer(name: ServerName, address: string): RunningServer {
  const refuse = async (): Promise<never> => {
    throw new AppError('INTERNAL', `${SERVER_TITLES[name]} at ${ADDRESS_VARIABLES[name]} is not ours to stop or start`)
  }
  return { name, kind: 'given', pid: null, address, stop: async () => {}, kill: refuse, restart: refuse }
}

/** Credentials are the client's business; here one of the addresses must at least take a connection. */
export async function untilGivenAnswers(name: ServerName, address: string, signal?: AbortSignal): Promise<void> {
  const variable = ADDRESS_VARIABLES[name]
  const endpoints = address.split(',').map((one) => endpointOf(name, one.trim()))
  const places = endpoints.map(({ host, port }) => `${host}:${port}`).join(', ')
  const anyAnswers = async () => (await Promise.all(endpoints.map(accepts))).includes(true)
  try {
    await waitUntil(anyAnswers, { timeoutMs: 10_000, everyMs: 250, what: `${places} of ${variable}`, signal })
  } catch (error) {
    signal?.throwIfAborted()
    throw new AppError('SERVER_FAILED', `${variable} is set, but nothing takes connections at ${places}`, {
      cause: error,
    })
  }
}

function endpointOf(name: ServerName, address: string): { host: string; port: number } {
  const scheme = { kafka: 'kafka:', registry: 'http:', redis: 'redis:' }[name]
  const text = address.includes('://') ? address : `${scheme}//${address}`
  if (!URL.canParse(text)) {
    throw new AppError('CONFIG_INVALID', `${ADDRESS_VARIABLES[name]} has an address that cannot be read`)
  }
  const url = new URL(text)
  const host = url.hostname.replace(/^\[|\]$/g, '')
  return { host, port: url.port === '' ? (DEFAULT_PORTS[url.protocol] ?? KAFKA_PORT) : Number(url.port) }
}

function accepts({ host, port }: { host: string; port: number }): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 3_000 })
    const done = (answer: boolean) => {
      socket.destroy()
      resolve(answer)
    }
    socket.once('connect', () => done(true))
    socket.once('timeout', () => done(false))
    socket.once('error', () => done(false))
  })
}
