import { parseCommandArgs } from '../schemas/command-args.ts'
import { describeInstallation, describeTopology } from '../topology/describe.ts'
import { INSTALLATION } from '../topology/installation.ts'
import { scoringTopology } from '../topology/scoring.ts'

const HELP = `everscore topology [--installation]: prints the processing graph as Mermaid, as docs/topology.md shows it.

  --installation   all tasks, processes and topics instead
`

export async function runTopology(args: string[]): Promise<number> {
  const { values } = parseCommandArgs(args, { options: { installation: { type: 'boolean' } } })
  if (values.help) process.stdout.write(HELP)
  else
    process.stdout.write(values.installation ? describeInstallation(INSTALLATION) : describeTopology(scoringTopology))
  return 0
}
