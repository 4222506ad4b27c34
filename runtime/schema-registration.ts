import type { Registry } from '../connectors/registry/registry.ts'
import { TOPICS, type TopicSpec } from '../schemas/topics.ts'

/** Registers the schemas of some topics as `<topic>-value`. @returns their ids by the topic's name in the catalogue */
export async function registerSchemas(
  registry: Registry,
  prefix: string,
  chosen: (spec: TopicSpec) => boolean,
): Promise<Map<string, number>> {
  const ids = new Map<string, number>()
  for (const spec of Object.values(TOPICS) as TopicSpec[]) {
    if (spec.schema === null || !chosen(spec)) continue
    ids.set(spec.name, await registry.register(`${prefix}${spec.name}-value`, spec.schema))
  }
  return ids
}
