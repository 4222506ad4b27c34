import { once } from 'node:events'
import { createServer } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { Registry } from '../../connectors/registry/registry.ts'
import { interactionSchema } from '../../schemas/avro/interaction.ts'
import type { AvroSchema } from '../../schemas/avro.ts'
import { AvroCodec } from '../../schemas/codec.ts'
import { servers } from './servers.ts'
import { newPrefix } from './support/installation.ts'

const registry = (): Registry => new Registry(servers().schemaRegistryUrl)
const newSubject = (): string => `${newPrefix()}value`

const ID = { name: 'id', type: 'string' }
const visit = (fields: readonly object[]): AvroSchema =>
  ({ type: 'record', name: 'Visit', namespace: 'test', fields }) as AvroSchema
const record = (...fields: object[]): AvroSchema => visit([ID, ...fields])

/** Registers text as any other client may; returns its id. */
async function registerText(subject: string, body: object): Promise<number> {
  const response = await fetch(`${servers().schemaRegistryUrl}/subjects/${subject}/versions`, {
    method: 'POST',
    headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
    body: JSON.stringify(body),
  })
  if (!response.ok) throw new Error(`the registry answered ${response.status}: ${await response.text()}`)
  return ((await response.json()) as { id: number }).id
}

test('a schema that was registered is found again by its id, also by another client', async () => {
  const subject = newSubject()
  const id = await registry().register(subject, interactionSchema)
  expect(await registry().register(subject, interactionSchema)).toBe(id)
  const codec = new AvroCodec(interactionSchema, registry())
  await codec.load(id)
  const found = (await registry().schemaById(id)) as { name: string; fields: { name: string; default?: unknown }[] }
  expect(found.name).toBe('everscore.events.Interaction')
  expect(found.fields.map(({ name }) => name)).toEqual(interactionSchema.fields.map(({ name }) => name))
  expect(found.fields.find(({ name }) => name === 'channel')).toMatchObject({ default: null })
})

test('a subject is FULL_TRANSITIVE from its first schema on', async () => {
  const subject = newSubject()
  await registry().register(subject, record())
  const response = await fetch(`${servers().schemaRegistryUrl}/config/${subject}`)
  expect(await response.json()).toMatchObject({ compatibilityLevel: 'FULL_TRANSITIVE' })
})

test('an optional field may be added and removed again', async () => {
  const subject = newSubject()
  const first = await registry().register(subject, record())
  const second = await registry().register(subject, record({ name: 'page', type: ['null', 'string'], default: null }))
  expect(second).not.toBe(first)
  expect(await registry().register(subject, record())).toBe(first)
})

test.each([
  ['a field without a default', { name: 'page', type: 'string' }],
  ['a field of another type', { name: 'id', type: 'long' }],
])('%s is refused with the registry’s reason', async (_name, field) => {
  const subject = newSubject()
  await registry().register(subject, record())
  const changed = field.name === 'id' ? visit([field]) : record(field)
  await expect(registry().register(subject, changed)).rejects.toMatchObject({
    code: 'SCHEMA_INCOMPATIBLE',
    retryable: false,
    message: expect.stringContaining(subject),
    details: { subject },
  })
})

test('a subject that somebody has set to another compatibility is refused by name', async () => {
  const subject = newSubject()
  await registry().register(subject, record())
  await fetch(`${servers().schemaRegistryUrl}/config/${subject}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
    body: JSON.stringify({ compatibility: 'NONE' }),
  })
  await expect(registry().register(subject, record())).rejects.toMatchObject({
    code: 'SCHEMA_INCOMPATIBLE',
    message: expect.stringMatching(/FULL_TRANSITIVE != NONE/),
  })
})

test('a subject that another client has registered and is about to configure is waited for', async () => {
  const subject = newSubject()
  const id = await registerText(subject, { schema: JSON.stringify(record()) })
  let settled = false
  const registered = registry()
    .register(subject, record())
    .finally(() => {
      settled = true
    })
  await sleep(300)
  expect(settled).toBe(false)
  await fetch(`${servers().schemaRegistryUrl}/config/${subject}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
    body: JSON.stringify({ compatibility: 'FULL_TRANSITIVE' }),
  })
  expect(await registered).toBe(id)
})

test('an id that nobody has is unknown, and the registry is well', async () => {
  await expect(registry().schemaById(999_999)).rejects.toMatchObject({
    code: 'SCHEMA_UNKNOWN',
    retryable: false,
    details: { schemaId: 999_999 },
  })
})

test('a schema of another language is no Avro schema', async () => {
  const schema = JSON.stringify({ type: 'object', properties: { id: { type: 'string' } } })
  const id = await registerText(newSubject(), { schemaType: 'JSON', schema })
  await expect(registry().schemaById(id)).rejects.toMatchObject({ code: 'SCHEMA_UNKNOWN' })
})

test('a schema that can not be parsed is a fault of the schema, not of the registry', async () => {
  // Avro for Java took such defaults for a long time, and registries that did are still about; this one doesn't.
  const schema = JSON.stringify(record({ name: 'page', type: 'string', default: null }))
  const lenient = createServer((_request, response) => {
    response.setHeader('content-type', 'application/vnd.schemaregistry.v1+json')
    response.end(JSON.stringify({ schema }))
  })
  lenient.listen(0, '127.0.0.1')
  await once(lenient, 'listening')
  const { port } = lenient.address() as { port: number }
  try {
    await expect(new Registry(`http://127.0.0.1:${port}`).schemaById(5)).rejects.toMatchObject({
      code: 'SCHEMA_INCOMPATIBLE',
      details: { schemaId: 5 },
    })
  } finally {
    lenient.close()
  }
})

test('a registry that does not answer may answer later', async () => {
  const away = new Registry('http://user:secret@127.0.0.1:1/apis')
  for (const call of [() => away.schemaById(1), () => away.register('subject', record())]) {
    await expect(call()).rejects.toMatchObject({
      code: 'SERVER_FAILED',
      retryable: true,
      details: { url: 'http://127.0.0.1:1/apis' },
      message: expect.stringMatching(/no answer .* at http:\/\/127/),
    })
  }
})
