import type { AvroSchema } from './avro.ts'

/**
 * The schema as Avro's specification wants it written: a named type in full the first time, by its name after that.
 * Our constants repeat the whole type instead, so that TypeScript can read them.
 */
export function toAvsc(schema: AvroSchema): unknown {
  const seen = new Set<string>()
  const walk = (node: AvroSchema, namespace: string | undefined): unknown => {
    if (typeof node === 'string') return node
    if (Array.isArray(node)) return node.map((branch: AvroSchema) => walk(branch, namespace))
    if (!('type' in node)) return node
    switch (node.type) {
      case 'record': {
        const space = node.namespace ?? namespace
        const fullName = space ? `${space}.${node.name}` : node.name
        if (seen.has(fullName)) return fullName
        seen.add(fullName)
        return { ...node, fields: node.fields.map((field) => ({ ...field, type: walk(field.type, space) })) }
      }
      case 'array':
        return { ...node, items: walk(node.items, namespace) }
      case 'map':
        return { ...node, values: walk(node.values, namespace) }
      default:
        return node
    }
  }
  return walk(schema, undefined)
}
