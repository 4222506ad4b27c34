import { readConfig } from '../runtime/config.ts'
import { initialise } from '../runtime/init.ts'
import { parseCommandArgs } from '../schemas/command-args.ts'

const HELP = `everscore init [--settings FILE]: makes an installation ready; may be run again at any time.

Creates the topics of the catalogue or checks those that exist, registers the schemas (FULL_TRANSITIVE) and loads the
settings of tenants.

  --settings FILE   JSON: { "<tenantId>": { ...settings } }, see docs/settings.md
`

export async function runInit(args: string[], env: NodeJS.ProcessEnv): Promise<number> {
  const { values } = parseCommandArgs(args, { options: { settings: { type: 'string' } } })
  if (values.help) {
    process.stdout.write(HELP)
    return 0
  }
  const report = await initialise(readConfig(env), values.settings ?? null)
  for (const { topic, action, differences } of report.topics) {
    process.stdout.write(`topic ${topic}: ${action}${differences.length > 0 ? ` (${differences.join('; ')})` : ''}\n`)
  }
  for (const [topic, id] of Object.entries(report.schemas)) process.stdout.write(`schema ${topic}-value: id ${id}\n`)
  for (const { tenantId, version, warning } of report.tenants) {
    process.stdout.write(
      `settings ${tenantId}: loaded version ${version}${warning === null ? '' : `; warning: ${warning}`}\n`,
    )
  }
  process.stdout.write(`ready: ${report.topics.length} topics, ${Object.keys(report.schemas).length} schemas\n`)
  return 0
}
