import { afterEach, expect, test, vi } from 'vitest'
import { onStopSignal } from '../../bin/signals.ts'

afterEach(() => vi.restoreAllMocks())

function listen() {
  const exit = vi.spyOn(process, 'exit').mockImplementation(() => undefined as never)
  const clock = { ms: 0 }
  const asked: string[] = []
  const stopListening = onStopSignal(
    ['SIGUSR2'],
    (signal) => asked.push(signal),
    () => clock.ms,
  )
  return { exit, clock, asked, stopListening }
}

test('a signal that npm passes on again is the same wish; a later one ends the process at once', () => {
  const { exit, clock, asked, stopListening } = listen()
  process.emit('SIGUSR2', 'SIGUSR2')
  clock.ms = 20
  process.emit('SIGUSR2', 'SIGUSR2')
  expect(exit).not.toHaveBeenCalled()
  clock.ms = 2_000
  process.emit('SIGUSR2', 'SIGUSR2')
  expect(asked).toEqual(['SIGUSR2'])
  expect(exit).toHaveBeenCalledExactlyOnceWith(130)
  stopListening()
})

test('who no longer listens leaves no listener', () => {
  const before = process.listenerCount('SIGUSR2')
  listen().stopListening()
  expect(process.listenerCount('SIGUSR2')).toBe(before)
})
