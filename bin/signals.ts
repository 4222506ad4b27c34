const STOP_SIGNALS = ['SIGINT', 'SIGTERM'] as const
/** Ctrl-C under npm comes twice: from the terminal, and some milliseconds later from npm, which passes it on. */
const SAME_WISH_MS = 500

/** Resolves at the first SIGINT or SIGTERM; a second one ends the process at once. */
export function stopSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    onStopSignal(STOP_SIGNALS, resolve)
  })
}

/**
 * Tells of the first signal; whoever asks twice doesn't want to wait, and ends the process at once.
 * @returns what ends listening
 */
export function onStopSignal(
  signals: readonly NodeJS.Signals[],
  stop: (signal: NodeJS.Signals) => void,
  now = performance.now.bind(performance),
): () => void {
  let askedAt: number | null = null
  const onSignal = (signal: NodeJS.Signals): void => {
    if (askedAt === null) {
      askedAt = now()
      stop(signal)
    } else if (now() - askedAt > SAME_WISH_MS) {
      process.exit(130)
    }
  }
  for (const signal of signals) process.on(signal, onSignal)
  return () => {
    for (const signal of signals) process.off(signal, onSignal)
  }
}
