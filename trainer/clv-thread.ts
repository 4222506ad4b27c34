import { parentPort, workerData } from 'node:worker_threads'
import { fitClv } from '../models/clv/fit-clv.ts'
import type { ClvJob } from './fit-clv-in-thread.ts'

const { states, options } = workerData as ClvJob // written by fit-clv-in-thread.ts
parentPort!.postMessage(fitClv(states, options))
