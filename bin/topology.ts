import { parseArgs } from 'node:util'
import { describeInstallation, describeTopology } from '../topology/describe.ts'
import { INSTALLATION } from '../topology/installation.ts'
import { scoringTopology } from '../topology/scoring.ts'

/** Prints the processing graph, or all tasks and processes, as Mermaid, as docs/topology.md shows them. */
export async function runTopology(args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options: { installation: { type: 'boolean' } } })
  process.stdout.write(values.installation ? describeInstallation(INSTALLATION) : describeTopology(scoringTopology))
  return 0
}
