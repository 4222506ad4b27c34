// `npm run build`: the compiled package in dist/, because Node doesn't strip types below node_modules.
import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, globSync, mkdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ROOT } from './source-files.ts'

/** What the code finds beside itself, by import.meta.url: scripts of Redis, poms, mappings, data. */
const ASSETS = '{api,connectors,demo,mappings,models,runtime,schemas,sinks,state,trainer}/**/*'
const NOT_ASSETS = /\.(ts|avsc)$/
const DIST = join(ROOT, 'dist')

rmSync(DIST, { recursive: true, force: true })
const tsc = fileURLToPath(new URL('../node_modules/typescript/bin/tsc', import.meta.url))
const { status } = spawnSync(process.execPath, [tsc, '-p', join(ROOT, 'scripts', 'tsconfig.package.json')], {
  cwd: ROOT,
  // npm reads standard output of `npm pack --json`.
  stdio: ['ignore', 2, 2],
})
for (const entry of globSync(ASSETS, { cwd: ROOT, withFileTypes: true })) {
  if (!entry.isFile() || NOT_ASSETS.test(entry.name)) continue
  const source = join(entry.parentPath, entry.name)
  const target = join(DIST, source.slice(ROOT.length))
  mkdirSync(dirname(target), { recursive: true })
  copyFileSync(source, target)
}
// An error in types fails the build, but what was compiled can still be looked at.
if (status !== 0) process.exitCode = 1
if (!existsSync(join(DIST, 'bin', 'everscore.js'))) throw new Error('tsc wrote no dist/bin/everscore.js')
