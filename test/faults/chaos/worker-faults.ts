import { setTimeout as sleep } from 'node:timers/promises'
import type { seeded } from '../../../bench/random.ts'
import type { Campaign, Faults } from './campaign.ts'
import type { ChaosWorker } from './worker-pool.ts'

/** To workers: those of one lane come one after another, so that some are left. */
export const WORKER_FAULTS: Faults = {
  async kills({ pool }, random) {
    await pool.kill(anyOf(pool, random))
    await sleep(random() * 2_000)
    await pool.start()
  },
  /** Asleep for longer than its session, then awake in a world in which it is nobody. */
  async zombies({ pool, config }, random) {
    const { process } = anyOf(pool, random)
    process.kill('SIGSTOP')
    await sleep(config.SESSION_TIMEOUT_MS + 500 + random() * 1_500)
    process.kill('SIGCONT')
    await sleep(1_000)
  },
  async leaves({ pool }, random) {
    await pool.stop(anyOf(pool, random))
    await sleep(random() * 1_000)
    await pool.start()
  },
  async joins({ pool }, random) {
    const guest = await pool.start()
    await sleep(1_500 + random() * 2_000)
    await pool.stop(guest)
  },
}

function anyOf(pool: Campaign['pool'], random: ReturnType<typeof seeded>): ChaosWorker {
  const { workers } = pool
  const worker = workers[Math.floor(random() * workers.length)]
  if (worker === undefined) throw new Error('no worker is left')
  return worker
}
