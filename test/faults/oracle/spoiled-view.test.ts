import { describe, expect, test } from 'vitest'
import { findings, UNTIL } from './spoil.ts'
import type { Evidence } from './spoilable-evidence.ts'

const DAY_MS = 86_400_000

describe('in Redis', () => {
  test.each<[string, (view: Evidence['view']) => void]>([
    ['an older value', (view) => view.customers.set('acme/c0', view.customers.get('acme/c2')!)],
    ['a missing customer', (view) => view.customers.delete('acme/c2')],
    ['a customer of nobody', (view) => view.customers.set('acme/nobody', view.customers.get('acme/c2')!)],
    ['a wrong place in a list', (view) => view.tops.get('lead/acme')!.set('c2', 1)],
    ['a missing place in a list', (view) => view.tops.get('churn/acme')!.delete('c2')],
    ['a stranger in a list', (view) => view.tops.get('recent/bolt')!.set('nobody', 1)],
    ['a missing tenant', (view) => view.tenants.pop()],
    ['an old position', (view) => (view.offset = view.offset! - 1)],
    ['no position', (view) => (view.offset = null)],
    ['no stream time', (view) => view.streamTimes.delete('bolt')],
    ['a stream time that ran ahead', (view) => view.streamTimes.set('acme', view.streamTimes.get('acme')! + 1)],
    ['a stream time that stayed behind', (view) => view.streamTimes.set('acme', UNTIL - 2 * DAY_MS)],
    ['a mark that stayed', (view) => (view.rebuilding = true)],
  ])('%s is a difference', async (_, spoil) => {
    expect(await findings(({ view }) => spoil(view))).toEqual(['different'])
  })
})
