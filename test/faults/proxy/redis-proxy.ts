import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { type FaultProxy, type Protocol, startFaultProxy } from './fault-proxy.ts'

const hashOf = (source: string | Buffer): string => createHash('sha1').update(source).digest('hex')

/** The state store's scripts by their hash: calls of them are named `commit` and `read`. */
const SCRIPTS = new Map(
  ['commit', 'read'].map((name) => [
    hashOf(readFileSync(new URL(`../../../state/${name}.lua`, import.meta.url))),
    name,
  ]),
)

/** Where the RESP2 value at `at` ends; -1: not all of it is there. */
function valueEnd(bytes: Buffer, at: number): number {
  const newline = bytes.indexOf('\r\n', at)
  if (newline < 0) return -1
  const type = String.fromCharCode(bytes[at]!)
  if (type !== '$' && type !== '*') return newline + 2
  const count = Number(bytes.toString('latin1', at + 1, newline))
  let end = newline + 2
  if (type === '$') {
    if (count >= 0) end += count + 2
    return end <= bytes.length ? end : -1
  }
  for (let left = count; left > 0; left--) {
    if (end >= bytes.length) return -1
    end = valueEnd(bytes, end)
    if (end < 0) return -1
  }
  return end
}

/** The first arguments of a command, which is an array of bulk strings. */
function argumentsOf(command: Buffer): [string, string] {
  const found = ['', ''] as [string, string]
  let at = command.indexOf('\r\n') + 2
  for (let i = 0; i < 2 && at < command.length; i++) {
    const start = command.indexOf('\r\n', at) + 2
    const end = valueEnd(command, at)
    found[i] = command.toString('utf8', start, end - 2)
    at = end
  }
  return found
}

const redis: Protocol = {
  requestEnd: (bytes) => valueEnd(bytes, 0),
  answerEnd: (bytes) => valueEnd(bytes, 0),
  nameOf(request) {
    const [command, first] = argumentsOf(request)
    const name = command.toUpperCase()
    if (name === 'EVALSHA') return SCRIPTS.get(first) ?? name
    return name === 'EVAL' ? `${SCRIPTS.get(hashOf(first)) ?? name} with its source` : name
  },
}

/** Requests are named by their command; those of the state store's scripts `commit`, `read`, `commit with its source`… */
export async function startRedisProxy(url: string): Promise<FaultProxy> {
  const { hostname, port } = new URL(url)
  return await startFaultProxy(redis, hostname, Number(port))
}

/** An error as Redis answers it, such as `READONLY You can't write`. */
export const redisError = (text: string) => (): Buffer => Buffer.from(`-${text}\r\n`)
