import { tenantSettingsSchema } from '../../schemas/settings.ts'
import { code, GENERATED, table } from './markdown.ts'

/** The parts of JSON Schema that the settings are written in. */
interface JsonSchema {
  readonly type?: string
  readonly default?: unknown
  readonly description?: string
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly items?: readonly JsonSchema[] | JsonSchema
  readonly patternProperties?: Readonly<Record<string, JsonSchema>>
  readonly anyOf?: readonly JsonSchema[]
  readonly enum?: readonly unknown[]
  readonly pattern?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly exclusiveMinimum?: number
  readonly exclusiveMaximum?: number
}

export function settingsPage(): string {
  return `# Settings of a tenant

${GENERATED}

A tenant's settings are a JSON record of the topic \`settings\`, key \`<tenantId>\`. \`everscore init --settings FILE\` writes
them from a file; workers take them over between two batches. What is left out has its default, a key that isn't known
is refused, and every \`customers\` record names the version it was made with (\`settingsVersion\`).

\`\`\`json
{ "shop": { "version": 1, "currency": "GBP", "thresholds": { "lead": [0.2, 0.4, 0.6, 0.8] } } }
\`\`\`

${table(['Setting', 'Default', 'Takes', 'What it does'], rowsOf('', tenantSettingsSchema as unknown as JsonSchema))}
`
}

function rowsOf(path: string, { properties = {} }: JsonSchema): string[][] {
  return Object.entries(properties).flatMap(([name, schema]) => {
    const here = path === '' ? name : `${path}.${name}`
    if (schema.properties === undefined) {
      return [[code(here), code(JSON.stringify(schema.default)), takes(schema), schema.description ?? '']]
    }
    return [[code(here), '', 'object', schema.description ?? ''], ...rowsOf(here, schema)]
  })
}

function takes(schema: JsonSchema): string {
  if (schema.anyOf) return schema.anyOf.map(takes).join(' or ')
  if (schema.enum) return `one of ${schema.enum.map((each) => code(String(each))).join(', ')}`
  if (schema.type === 'array') return arrayOf(schema.items ?? {})
  if (schema.patternProperties) return `name → ${Object.values(schema.patternProperties).map(takes).join(' or ')}`
  if (schema.properties) {
    const fields = Object.entries(schema.properties).map(([name, field]) => `${name}: ${takes(field)}`)
    return `{ ${fields.join(', ')} }`
  }
  if (schema.type === 'string' && schema.pattern) return `text like ${code(schema.pattern)}`
  if (schema.exclusiveMinimum !== undefined) return `above ${schema.exclusiveMinimum}, below ${schema.exclusiveMaximum}`
  if (schema.minimum !== undefined) return `${schema.type} from ${schema.minimum} to ${schema.maximum}`
  return schema.type ?? 'any'
}

function arrayOf(items: readonly JsonSchema[] | JsonSchema): string {
  if ('length' in items) return `${items.length} × (${takes(items[0] ?? {})})`
  return `list of ${takes(items)}`
}
