/** Waits for a promise, and for each that took its place meanwhile. @throws what the first that failed failed with */
export async function untilSettled(latest: () => Promise<void>): Promise<void> {
  let seen: Promise<void>
  do {
    seen = latest()
    await seen
  } while (seen !== latest())
}
