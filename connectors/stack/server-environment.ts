// Settings meant for other servers of the same kind, or for everscore itself, would change ours unseen.
const FOREIGN = /^(KAFKA_|QUARKUS_|APICURIO_|REDIS_|SCHEMA_REGISTRY_|NODE_OPTIONS$|NODE_CHANNEL)/

/** The environment the servers get: the parent's without what other servers' settings are made of. */
export function serverEnvironment(env: NodeJS.ProcessEnv): Record<string, string> {
  const kept: Record<string, string> = {}
  for (const [key, value] of Object.entries(env)) {
    if (value !== undefined && !FOREIGN.test(key)) kept[key] = value
  }
  return kept
}
