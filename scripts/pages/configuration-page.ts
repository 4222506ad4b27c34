import { OPTIONS } from '../../runtime/config.ts'
import { messageOf } from '../../schemas/errors.ts'
import { code, GENERATED, table } from './markdown.ts'

/** What no option but free text takes, so that its refusal tells what the option does take. */
const REFUSED = '\u0000'

export function configurationPage(): string {
  const rows = Object.entries(OPTIONS).map(([name, option]) => [
    code(name),
    code(defaultOf(option.default)),
    takes(option.parse),
    option.doc.replace(/ One of: .*$/, '') + (option.secret ? ' Never printed.' : ''),
  ])
  return `# Configuration

${GENERATED}

Every part reads the environment once, at its start, through \`runtime/config.ts\`. A value that is refused ends the
command with the variable's name; a variable that is empty counts as unset; an unknown variable that begins with
\`EVERSCORE_\` is refused too, so that a slip of the pen is noticed.

${table(['Variable', 'Default', 'Takes', 'What it does'], rows)}

\`everscore stack\` and the tests also look at \`EVERSCORE_CACHE\`, the folder that keeps the downloaded servers (default
\`~/.cache/everscore\`), and the tests at \`EVERSCORE_TEST_DOCKER\`: \`1\` runs them against containers.

What may differ between tenants is not here but in [settings.md](settings.md).
`
}

function defaultOf(value: unknown): string {
  if (Array.isArray(value)) return value.join(',')
  return value instanceof Map ? '' : String(value)
}

function takes(parse: (text: string) => unknown): string {
  try {
    parse(REFUSED)
    return 'text'
  } catch (error) {
    const rule = messageOf(error).replace(/^must (be )?/, '')
    return rule.startsWith('match ') ? `text like ${code(rule.slice('match '.length))}` : rule
  }
}
