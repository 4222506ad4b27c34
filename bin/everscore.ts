#!/usr/bin/env node
import { refuseNode } from './refuse-node.ts'

const refusal = refuseNode(process.versions.node)
if (refusal !== null) {
  process.stderr.write(`${refusal}\n`)
  process.exitCode = 1
} else {
  // All else is imported only now: an older Node lacks what it imports.
  const { enableCompileCache } = await import('node:module')
  // Halves the time until a command runs, from its second start on.
  enableCompileCache()
  const { runCommandLine } = await import('./command-line.ts')
  process.exitCode = await runCommandLine(process.argv.slice(2), process.env)
}
