// Preloaded by a process that is to die: CRASH_AT=<step>:<n> kills it, without any goodbye, when it has done that step for
// the n-th time.
import { subscribe } from 'node:diagnostics_channel'
import { STEP_CHANNEL, STEPS } from '../../schemas/steps.ts'

const [step, times] = (process.env['CRASH_AT'] ?? '').split(':')
if (!STEPS.some((each) => each === step)) throw new Error(`CRASH_AT names no step: ${process.env['CRASH_AT']}`)

let left = Number(times)
subscribe(STEP_CHANNEL, (done) => {
  if (done === step && --left === 0) process.kill(process.pid, 'SIGKILL')
})
