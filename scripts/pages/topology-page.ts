import { GENERATED } from './markdown.ts'

/** @param mermaid what `everscore topology` prints */
export function topologyPage(mermaid: string): string {
  return `# Topology

${GENERATED}

What the customer task runs for every event, read from \`topology/scoring.ts\`; \`everscore topology\` prints the same graph.
Cylinders are topics, boxes are processors, \`due-timers\` is time that passes for customers without events. An event goes
through the boxes in this order and stops at the first that doesn't forward it; a timer begins at the box it points to.

\`\`\`mermaid
${mermaid}\`\`\`
`
}
