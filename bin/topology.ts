import { describeTopology } from '../topology/describe.ts'
import { scoringTopology } from '../topology/scoring.ts'

/** Prints the processing graph as Mermaid, as docs/topology.md shows it. */
export async function runTopology(): Promise<number> {
  process.stdout.write(describeTopology(scoringTopology))
  return 0
}
