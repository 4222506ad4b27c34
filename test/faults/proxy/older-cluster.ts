import type { FaultRules } from './fault-rules.ts'

const FEATURE = Buffer.from('transaction.version')

/** From now on the cluster seems to be one that wants to be told what a transaction writes before it is written. */
export function seemOlder(rules: FaultRules): void {
  rules.add('ApiVersions', { rewrite: hideFeature }, Number.POSITIVE_INFINITY)
}

/** ApiVersions v3: a feature that nobody knows in its place. Earlier versions, which kafkajs asks for, tell no features. */
function hideFeature(answer: Buffer): Buffer {
  for (let at = answer.indexOf(FEATURE); at >= 0; at = answer.indexOf(FEATURE, at)) answer.write('x', at)
  return answer
}
