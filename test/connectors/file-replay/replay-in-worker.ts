import { parentPort, workerData } from 'node:worker_threads'
import { type ReplayReport, replayFile } from '../../../connectors/file-replay/replay.ts'
import { answers } from './build-replay.ts'

export interface LargeReplayResult {
  readonly report: ReplayReport
  readonly written: number
  readonly mostExternalBytes: number
}

// Runs in a worker thread of its own, whose heap is bounded: running out of it ends the thread with an error.
let written = 0
let mostExternalBytes = 0
const report = await replayFile({
  path: workerData as string,
  mapping: answers(),
  writer: {
    async write(events) {
      written += events.length
      mostExternalBytes = Math.max(mostExternalBytes, process.memoryUsage().external)
    },
    async close() {},
  },
})
const result: LargeReplayResult = { report, written, mostExternalBytes }
parentPort?.postMessage(result)
