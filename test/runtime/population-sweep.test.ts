import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PopulationSweep } from '../../runtime/population-sweep.ts'

/** Tenants with thresholds and pages of customers; a page is a number. */
class World {
  readonly versions = new Map<string, number>()
  readonly scanned: string[] = []
  revision = 0

  publish(tenantId: string): void {
    this.versions.set(tenantId, (this.versions.get(tenantId) ?? 0) + 1)
    this.revision++
  }

  sweep(tenants: readonly string[], pages: number): PopulationSweep {
    return new PopulationSweep({
      tenants: () => tenants,
      versionOf: (tenantId) => this.versions.get(tenantId) ?? 0,
      revision: () => this.revision,
      scan: async (tenantId, cursor) => {
        this.scanned.push(`${tenantId}@${this.versions.get(tenantId)}/${cursor}`)
        const next = Number(cursor) + 1
        return {
          customers: [{ key: `${tenantId}/${cursor}`, value: Buffer.alloc(0) }],
          cursor: next < pages ? String(next) : '0',
          total: pages,
        }
      },
    })
  }
}

async function drain(sweep: PopulationSweep, steps = Number.POSITIVE_INFINITY): Promise<void> {
  for (let step = 0; step < steps && sweep.isPending; step++) await sweep.next()
}

describe('PopulationSweep', () => {
  it('has nothing to do without thresholds, and for tenants of other partitions', async () => {
    const world = new World()
    const sweep = world.sweep(['shop'], 3)
    expect(sweep.isPending).toBe(false)
    world.publish('elsewhere')
    expect(sweep.isPending).toBe(false)
  })

  it('goes once through the customers of each tenant whose thresholds changed', async () => {
    const world = new World()
    world.publish('shop')
    const sweep = world.sweep(['shop', 'club'], 2)
    await drain(sweep)
    expect(world.scanned.splice(0)).toEqual(['shop@1/0', 'shop@1/1'])
    world.publish('club')
    await drain(sweep)
    expect(world.scanned.splice(0)).toEqual(['club@1/0', 'club@1/1'])
    await drain(sweep)
    expect(world.scanned).toEqual([])
  })

  it('begins again with newer thresholds, but not because of those of others', async () => {
    const world = new World()
    world.publish('shop')
    const sweep = world.sweep(['shop', 'club'], 3)
    await drain(sweep, 2)
    world.publish('club')
    await drain(sweep, 1)
    expect(world.scanned.splice(0)).toEqual(['shop@1/0', 'shop@1/1', 'shop@1/2'])
    await drain(sweep, 1)
    world.publish('club')
    await drain(sweep)
    expect(world.scanned).toEqual(['club@1/0', 'club@2/0', 'club@2/1', 'club@2/2'])
  })

  it('has shown every page by the newest thresholds in the end, whenever they came', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(fc.constantFrom('shop', 'club'), fc.integer({ min: 1, max: 5 })), { maxLength: 30 }),
        fc.integer({ min: 1, max: 4 }),
        async (script, pages) => {
          const world = new World()
          const sweep = world.sweep(['shop', 'club'], pages)
          for (const step of script) {
            if (typeof step === 'string') world.publish(step)
            else await drain(sweep, step)
          }
          await drain(sweep)
          for (const [tenantId, version] of world.versions) {
            for (let page = 0; page < pages; page++) {
              expect(world.scanned).toContain(`${tenantId}@${version}/${page}`)
            }
          }
        },
      ),
    )
  })
})
