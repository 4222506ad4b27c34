import { Redis } from 'ioredis'
import { type Admin, Kafka, logLevel } from 'kafkajs'

/** Runs with an admin client of its own; a broker that was restarted needs a new one. */
export async function withAdmin<T>(brokers: string, use: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = new Kafka({ brokers: brokers.split(','), logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
  try {
    return await use(admin)
  } finally {
    await admin.disconnect()
  }
}

export async function withRedis<T>(url: string, use: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(url)
  try {
    return await use(redis)
  } finally {
    redis.disconnect()
  }
}

/** Registers a record schema of one int field, and returns its id. */
export async function registerSchema(registry: string, subject: string, field: string): Promise<number> {
  const schema = JSON.stringify({ type: 'record', name: 'Probe', fields: [{ name: field, type: 'int', default: 0 }] })
  const response = await fetch(`${registry}/subjects/${subject}/versions`, {
    method: 'POST',
    headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
    body: JSON.stringify({ schema }),
  })
  if (!response.ok) throw new Error(`the registry answered ${response.status}: ${await response.text()}`)
  return ((await response.json()) as { id: number }).id
}

export async function schemaOf(registry: string, id: number): Promise<string> {
  const response = await fetch(`${registry}/schemas/ids/${id}`)
  if (!response.ok) throw new Error(`the registry answered ${response.status}`)
  return ((await response.json()) as { schema: string }).schema
}
