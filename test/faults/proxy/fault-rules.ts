/**
 * What happens to one request.
 * - pass: nothing; it is only counted;
 * - lose-request: the server never gets it; lose-answer: the server does it, and nobody hears of that;
 * - cut-before, cut-after: the connection ends instead of the server getting it, or of the client getting the answer;
 * - delayMs: the answer comes late, and so do those behind it;
 * - until: it waits, and so do those behind it, before the server gets it;
 * - answer: the server never gets it, and this is answered;
 * - rewrite: the server's answer is changed on its way.
 */
export type Fault =
  | 'pass'
  | 'lose-request'
  | 'lose-answer'
  | 'cut-before'
  | 'cut-after'
  | { readonly delayMs: number }
  | { readonly until: Promise<unknown> }
  | { readonly answer: (request: Buffer) => Buffer }
  | { readonly rewrite: (answer: Buffer) => Buffer }

export interface Rule {
  /** How many requests it has met. */
  readonly hits: number
  /** Resolves at the first of them. */
  readonly hit: Promise<void>
}

interface Armed {
  readonly name: string
  readonly fault: Fault
  left: number
  hits: number
  onHit: () => void
}

/** The faults of a proxy; those that were added first come first. */
export class FaultRules {
  readonly #armed: Armed[] = []

  /** @param name of the requests that it meets @param times how many of them, from now on */
  add(name: string, fault: Fault, times = 1): Rule {
    const { promise, resolve } = Promise.withResolvers<void>()
    const armed: Armed = { name, fault, left: times, hits: 0, onHit: resolve }
    this.#armed.push(armed)
    return {
      get hits() {
        return armed.hits
      },
      hit: promise,
    }
  }

  take(name: string): Fault {
    const armed = this.#armed.find((each) => each.name === name && each.left > 0)
    if (!armed) return 'pass'
    armed.left--
    armed.hits++
    armed.onHit()
    return armed.fault
  }
}
