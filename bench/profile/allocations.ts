import { mkdirSync, writeFileSync } from 'node:fs'
import { Session } from 'node:inspector'
import { join } from 'node:path'

/*
 * Preloaded into a worker (`node --import`): samples every allocation of its life, also those that were collected since,
 * which --heap-prof leaves out, and writes them as a .heapprofile into ALLOCATIONS_DIR when the process ends.
 */
const SAMPLING_BYTES = 32 * 1024
const folder = process.env['ALLOCATIONS_DIR']
if (!folder) throw new Error('ALLOCATIONS_DIR is not set')
const session = new Session()
session.connect()
session.post('HeapProfiler.startSampling', {
  samplingInterval: SAMPLING_BYTES,
  includeObjectsCollectedByMajorGC: true,
  includeObjectsCollectedByMinorGC: true,
})
process.once('exit', () => {
  // A session of the own thread answers before post returns.
  session.post('HeapProfiler.stopSampling', (error, answer) => {
    if (error) throw error
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, `Heap.${process.pid}.heapprofile`), JSON.stringify(answer.profile))
  })
})
