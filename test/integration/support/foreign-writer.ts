import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import avro from 'avsc'

/** An application that writes with a schema of its own, whatever ours is. */
export interface ForeignWriter {
  readonly id: number
  /** In the Confluent wire format. */
  encode(value: object): Buffer
}

export interface ForeignSchema {
  readonly registryUrl: string
  readonly subject: string
  readonly schema: object
}

/** Registers the schema as any client does, over HTTP. @throws the registry's refusal */
export async function foreignWriter({ registryUrl, subject, schema }: ForeignSchema): Promise<ForeignWriter> {
  const text = JSON.stringify(schema)
  const { id } = (await ask(registryUrl, `subjects/${subject}/versions`, 'POST', { schema: text })) as { id: number }
  const type = avro.Type.forSchema(schema as avro.Schema)
  const header = Buffer.alloc(5)
  header.writeInt32BE(id, 1)
  return { id, encode: (value) => Buffer.concat([header, type.toBuffer(value)]) }
}

export async function setCompatibility(registryUrl: string, subject: string, compatibility: string): Promise<void> {
  await ask(registryUrl, `config/${subject}`, 'PUT', { compatibility })
}

async function ask(registryUrl: string, path: string, method: string, body: object): Promise<unknown> {
  const response = await fetch(`${registryUrl}/${path}`, {
    method,
    headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
    body: JSON.stringify(body),
  })
  if (!response.ok) throw new Error(`the registry answered ${response.status}: ${await response.text()}`)
  return await response.json()
}

/** The real registry behind a server that answers another schema for some ids. */
export interface MisleadingRegistry {
  readonly url: string
  /** From now on the schema of that id comes with a required field of another type. */
  spoil(id: number): void
  close(): Promise<void>
}

export async function misleadingRegistry(registryUrl: string): Promise<MisleadingRegistry> {
  const spoiled = new Set<string>()
  const server = createServer(async (request, response) => {
    const body = await buffer(request)
    const headers = { 'content-type': 'application/vnd.schemaregistry.v1+json' }
    const method = request.method ?? 'GET'
    const answer = await fetch(`${registryUrl}${request.url}`, method === 'GET' ? {} : { method, headers, body })
    let text = await answer.text()
    const id = /^\/schemas\/ids\/(\d+)/.exec(request.url ?? '')?.[1]
    if (id !== undefined && spoiled.has(id)) text = text.replace(/\\"type\\":\\"string\\"/, '\\"type\\":\\"boolean\\"')
    response.writeHead(answer.status, headers).end(text)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    spoil: (id) => spoiled.add(String(id)),
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
