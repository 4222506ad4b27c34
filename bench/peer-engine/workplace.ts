import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { say } from '../setup.ts'

const WORKPLACE = new URL('../../.everscore/peers', import.meta.url).pathname
const NOT_COPIED = new Set(['out', 'quix', 'faust', 'venv'])

/** Where the harness must be told that results may stand in another topic. */
const EDITS: readonly { readonly file: string; readonly from: string; readonly to: string }[] = [
  {
    file: 'driver.py',
    from: 'p = gen("measure", "--ready", r, *a, wait=False)',
    to: 'p = gen("measure", "--ready", r, "--topic", E("SCORES_TOPIC", "scores"), *a, wait=False)',
  },
  {
    file: 'driver.py',
    from: 'gen("latency", "--from", at,',
    to: 'gen("latency", "--topic", E("SCORES_TOPIC", "scores"), "--from", at,',
  },
  {
    file: 'gen/src/main/java/gen/Main.java',
    from: 'consumer("1", "scores")',
    to: 'consumer("1", opt("topic", "scores"))',
  },
  // The measurer reads before the engine starts: the topic must be there, as the catalogue has it.
  {
    file: 'gen/src/main/java/gen/Main.java',
    from: '"nps", "cross-sell"))\n',
    to: '"nps", "cross-sell", "customers"))\n',
  },
  {
    file: 'gen/src/main/java/gen/Main.java',
    from: 'Map.of("retention.ms", "-1"))',
    to: 'Map.of("retention.ms", "-1", "max.message.bytes", "8388608"))',
  },
]

/** What Maven makes of each part. */
const BUILDS: readonly { readonly folder: string; readonly made: string; readonly goals: readonly string[] }[] = [
  { folder: 'broker', made: 'libs', goals: ['dependency:copy-dependencies', '-DoutputDirectory=libs'] },
  {
    folder: 'gen',
    made: 'target/libs',
    goals: ['package', 'dependency:copy-dependencies', '-DoutputDirectory=target/libs'],
  },
  {
    folder: 'kafka-streams',
    made: 'target/libs',
    goals: ['package', 'dependency:copy-dependencies', '-DoutputDirectory=target/libs'],
  },
]

/**
 * A built copy of the peers' harness, made once and kept: the original stays as it is.
 * @param source the folder of the harness, built or not
 * @returns the folder of the copy
 */
export function preparePeers(source: string): string {
  const mark = join(WORKPLACE, '.made-from')
  const current = JSON.stringify({ source, edits: EDITS })
  if (existsSync(mark) && readFileSync(mark, 'utf8') === current) return WORKPLACE
  if (!existsSync(join(source, 'driver.py'))) throw new Error(`${source} is not the peers' harness: no driver.py in it`)
  rmSync(WORKPLACE, { recursive: true, force: true })
  // Compiled classes of the generator are left out: its source is edited below.
  cpSync(source, WORKPLACE, {
    recursive: true,
    filter: (path) => !NOT_COPIED.has(basename(path)) && !path.endsWith(join('gen', 'target')),
  })
  spawnSync('chmod', ['-R', 'u+w', WORKPLACE])
  for (const { file, from, to } of EDITS) edit(join(WORKPLACE, file), from, to)
  for (const { folder, made, goals } of BUILDS) {
    const cwd = join(WORKPLACE, folder)
    if (existsSync(join(cwd, made))) continue
    say(`peers: building ${folder}`)
    const { status } = spawnSync('mvn', ['-q', ...goals], { cwd, stdio: ['ignore', 2, 2] })
    if (status !== 0) throw new Error(`mvn ${goals.join(' ')} failed in ${cwd}`)
  }
  writeFileSync(mark, current)
  return WORKPLACE
}

function edit(path: string, from: string, to: string): void {
  const text = readFileSync(path, 'utf8')
  if (!text.includes(from)) throw new Error(`${path} has changed: nothing like ${JSON.stringify(from)} in it`)
  writeFileSync(path, text.replaceAll(from, to))
}
