import type { Thresholds } from '../../../schemas/thresholds.ts'
import type { LogRecord } from './evidence.ts'

/** Every version that was ever written to the topic `thresholds`, which must not have been compacted. */
export class ThresholdsBook {
  readonly #versions = new Map<string, Thresholds>()

  constructor(records: readonly Pick<LogRecord, 'key' | 'value'>[]) {
    for (const { key, value } of records) {
      if (key === null || value === null) continue
      const thresholds = JSON.parse(value.toString()) as Thresholds
      this.#versions.set(`${key.toString()}/${thresholds.version}`, thresholds)
    }
  }

  /** Null for version 0: the population isn't known. Undefined for a version that was never published. */
  of(tenantId: string, version: number): Thresholds | null | undefined {
    return version === 0 ? null : this.#versions.get(`${tenantId}/${version}`)
  }
}
