const ZERO = 48
const BILLION = 1_000_000_000

/** Decimal digits of a whole number that is not negative. */
export function digitsOf(value: number): number {
  let digits = 1
  for (let bound = 10; value >= bound; bound *= 10) digits++
  return digits
}

/** Writes a whole number, not negative, as ASCII digits. */
export function writeDigits(into: Uint8Array, at: number, value: number, digits: number): void {
  let position = at + digits
  let rest = value
  if (rest >= BILLION) {
    // Above 2^31 a division is a slow one: nine digits of it at once.
    const high = Math.floor(rest / BILLION)
    let low = rest - high * BILLION
    for (let i = 0; i < 9; i++) {
      into[--position] = ZERO + (low % 10)
      low = (low / 10) | 0
    }
    rest = high
  }
  while (position > at) {
    into[--position] = ZERO + (rest % 10)
    rest = (rest / 10) | 0
  }
}
