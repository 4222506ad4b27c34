import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { toAvsc } from '../schemas/avsc.ts'
import { TOPICS, type TopicSpec } from '../schemas/topics.ts'
import { describeInstallation, describeTopology } from '../topology/describe.ts'
import { INSTALLATION } from '../topology/installation.ts'
import { scoringTopology } from '../topology/scoring.ts'
import { configurationPage } from './pages/configuration-page.ts'
import { featuresPage } from './pages/features-page.ts'
import { performancePage } from './pages/performance-page.ts'
import { settingsPage } from './pages/settings-page.ts'
import { topicsPage } from './pages/topics-page.ts'
import { topologyPage } from './pages/topology-page.ts'
import { readResults } from './read-results.ts'
import { ROOT } from './source-files.ts'

const HELP = 'usage: node scripts/generate.ts [--check]\n'

/** Every generated file, by its path from the root. */
function generatedFiles(): Map<string, string> {
  const files = new Map<string, string>()
  for (const { schema } of Object.values<TopicSpec>(TOPICS)) {
    if (schema === null || typeof schema === 'string' || !('name' in schema)) continue
    const name = schema.name.replace(/(?<=[a-z])[A-Z]/g, (letter) => `-${letter}`).toLowerCase()
    files.set(`schemas/avro/${name}.avsc`, `${JSON.stringify(toAvsc(schema), null, 2)}\n`)
  }
  files.set('docs/configuration.md', configurationPage())
  files.set('docs/features.md', featuresPage())
  files.set('docs/settings.md', settingsPage())
  files.set('docs/topics.md', topicsPage())
  files.set('docs/topology.md', topologyPage(describeInstallation(INSTALLATION), describeTopology(scoringTopology)))
  const results = readResults(join(ROOT, 'bench', 'results'))
  if (results !== null) files.set('docs/performance.md', performancePage(results))
  return files
}

function isUpToDate(path: string, content: string): boolean {
  try {
    return readFileSync(join(ROOT, path), 'utf8') === content
  } catch {
    return false
  }
}

function main(args: string[]): number {
  const [option, ...rest] = args
  if (rest.length > 0 || (option !== undefined && option !== '--check')) {
    process.stderr.write(HELP)
    return 2
  }
  const files = generatedFiles()
  const stale = [...files].filter(([path, content]) => !isUpToDate(path, content))
  if (option === '--check') {
    for (const [path] of stale) process.stderr.write(`${path} is out of date: npm run generate\n`)
    process.stdout.write(`generated files: ${files.size}, ${stale.length} out of date\n`)
    return stale.length === 0 ? 0 : 1
  }
  for (const [path, content] of stale) {
    mkdirSync(dirname(join(ROOT, path)), { recursive: true })
    writeFileSync(join(ROOT, path), content)
    process.stdout.write(`${path} written\n`)
  }
  return 0
}

process.exitCode = main(process.argv.slice(2))
