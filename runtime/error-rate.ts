import { AppError, messageOf } from '../schemas/errors.ts'

const WINDOW = 1_000
const MIN_ERRORS = 50
const MAX_SHARE = 0.2

/** Errors of the processors among the last events: a bug of ours must not turn a topic into dead letters. */
export class ErrorRate {
  readonly #recent = new Uint8Array(WINDOW)
  #at = 0
  #errors = 0

  passed(): void {
    this.#add(0)
  }

  /** @throws AppError INTERNAL when more than a fifth of the last 1,000 events failed, and at least 50 */
  failed(error: unknown): void {
    this.#add(1)
    if (this.#errors >= MIN_ERRORS && this.#errors > WINDOW * MAX_SHARE) {
      throw new AppError('INTERNAL', `${this.#errors} of the last ${WINDOW} events failed: ${messageOf(error)}`, {
        cause: error,
      })
    }
  }

  #add(failed: 0 | 1): void {
    this.#errors += failed - this.#recent[this.#at]!
    this.#recent[this.#at] = failed
    this.#at = (this.#at + 1) % WINDOW
  }
}
