import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ApiServer } from '../../api/server.ts'
import { openApi } from '../../bin/api.ts'
import { readConfig } from '../../runtime/config.ts'
import { interaction, NOON } from '../processors/build-event.ts'
import { type Installation, makeInstallation, PARTITIONS } from './support/installation.ts'
import { type LogEntry, type RunningWorker, startWorker, untilConfirmed, untilProcessed } from './support/workers.ts'

let installation: Installation
let worker: RunningWorker
let api: ApiServer
const apiLog: LogEntry[] = []

beforeAll(async () => {
  installation = await makeInstallation()
  worker = await startWorker(installation, { PARTITIONS: '7' })
  api = await openApi(readConfig({ ...installation.env, PARTITIONS: '12', PORT: '0' }), (message, details = {}) =>
    apiLog.push({ message, ...details }),
  )
})

afterAll(async () => {
  await api.close()
  await worker.worker.stop()
  await installation.close()
})

test('a worker and an API whose PARTITIONS is wrong go by the topics, and warn', async () => {
  const ids = Array.from({ length: 20 }, (_, i) => `customer-${i}`)
  await installation.sink.write(
    ids.map((customerId) => ({ topic: 'interactions', event: interaction({ customerId, occurredAt: NOON }) })),
  )
  await untilProcessed(installation)
  await untilConfirmed(installation)

  for (const id of ids) {
    const response = await fetch(`${api.url}/v1/customers/${id}`, { headers: { 'x-tenant-id': 'shop' } })
    expect(response.status, id).toBe(200)
  }
  const warning = (configured: number) => ({
    level: 'warn',
    field: 'PARTITIONS',
    message: `PARTITIONS is ${configured}, but the topics have ${PARTITIONS}: the topics are right`,
  })
  expect(worker.log).toContainEqual(warning(7))
  expect(apiLog).toContainEqual(warning(12))
  expect((await fetch(`${api.url}/ready`)).status).toBe(200)
})
