import { GENERATED } from './markdown.ts'

/** @param installation,mermaid what `everscore topology --installation` and `everscore topology` print */
export function topologyPage(installation: string, mermaid: string): string {
  return `# Topology

${GENERATED}

## Tasks and processes

What runs, and the topics between (\`topology/installation.ts\`; \`everscore topology --installation\` prints it). A box reads what an
arrow brings, each record once; at a dotted arrow it keeps the newest record of each key, read from the beginning. A
task's own changelog is among these: \`customers\` and \`aggregate-state\`. Rounded: time, which needs no record.

\`\`\`mermaid
${installation}\`\`\`

## The customer task

What the customer task runs for every event, read from \`topology/scoring.ts\`; \`everscore topology\` prints the same graph.
Cylinders are topics, boxes are processors, \`due-timers\` is time that passes for customers without events. An event goes
through the boxes in this order and stops at the first that doesn't forward it; a timer begins at the box it points to.

\`\`\`mermaid
${mermaid}\`\`\`
`
}
