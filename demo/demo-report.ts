import type { Books } from './books/check-books.ts'
import type { Latency } from './measure-latency.ts'

/** The last line of `everscore demo --once`; demo --help says what its fields are. */
export interface DemoReport extends Omit<Books, 'mismatches'>, Latency {
  readonly mismatches: number
  readonly eventsPerSecond: number
}

export function demoReport(books: Books, latency: Latency, eventsPerSecond: number): DemoReport {
  return { ...books, mismatches: books.mismatches.length, eventsPerSecond, ...latency }
}
