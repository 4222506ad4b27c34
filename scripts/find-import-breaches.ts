import { posix } from 'node:path'
import { type FolderRule, TOOL_FOLDERS } from './import-rules.ts'
import { withoutComments, withoutStrings } from './source-text.ts'

export interface SourceFile {
  /** From the root of the tree, with slashes. */
  readonly path: string
  readonly text: string
}

export interface Breach {
  readonly path: string
  readonly line: number
  readonly problem: string
}

type Rules = Readonly<Record<string, FolderRule>>

const IMPORT = /\b(?:from |import |import\()'([\w@./:-]+)'/g
const IMPURE = /\bDate\.now\b|\bnew Date\(\s*\)|\bperformance\.now\b|\bprocess\.\w+|\bMath\.random\b|\brandomUUID\b/g

/** Every import that its folder's rule doesn't allow, and every impure look-up in a pure folder. */
export function findImportBreaches(files: readonly SourceFile[], rules: Rules): Breach[] {
  return files.flatMap((file) => {
    // A file beside package.json is configuration of a tool.
    if (!file.path.includes('/')) return []
    const folder = folderOf(file.path, rules)
    if (folder === undefined)
      return [{ path: file.path, line: 1, problem: 'its folder is not in scripts/import-rules.ts' }]
    return [...importBreaches(file, folder, rules), ...(rules[folder]!.pure ? impurities(file, folder) : [])]
  })
}

function importBreaches({ path, text }: SourceFile, folder: string, rules: Rules): Breach[] {
  const code = withoutComments(text)
  return [...code.matchAll(IMPORT)].flatMap((match) => {
    const target = match[1]!
    const problem = target.startsWith('.')
      ? folderProblem(folder, folderOf(posix.join(posix.dirname(path), target), rules), rules)
      : packageProblem(folder, target, rules)
    return problem === null ? [] : [{ path, line: lineAt(code, match.index), problem: `imports ${target}: ${problem}` }]
  })
}

function folderProblem(from: string, to: string | undefined, rules: Rules): string | null {
  if (to === undefined) return from === 'test' || from === 'scripts' ? null : 'it is in no folder of the table'
  if (to === from) return null
  const { imports } = rules[from]!
  if (TOOL_FOLDERS.includes(to)) {
    // A page is generated from the benchmark's results.
    return from === 'test' || (from === 'scripts' && to === 'bench') ? null : `nothing imports ${to}/`
  }
  if (imports === '*' || imports.some((allowed) => to === allowed || to.startsWith(`${allowed}/`))) return null
  return `${from}/ may import ${imports.length === 0 ? 'nothing' : imports.map((each) => `${each}/`).join(', ')}`
}

function packageProblem(from: string, target: string, rules: Rules): string | null {
  const { packages } = rules[from]!
  if (packages === '*' || packages.includes(target)) return null
  return `${from}/ may use ${packages.length === 0 ? 'no package' : packages.join(', ')}`
}

function impurities({ path, text }: SourceFile, folder: string): Breach[] {
  const code = withoutStrings(withoutComments(text))
  return [...code.matchAll(IMPURE)].map((match) => ({
    path,
    line: lineAt(code, match.index),
    problem: `uses ${match[0]}: ${folder}/ is pure`,
  }))
}

function folderOf(path: string, rules: Rules): string | undefined {
  return Object.keys(rules)
    .filter((folder) => path.startsWith(`${folder}/`))
    .sort((a, b) => b.length - a.length)[0]
}

function lineAt(text: string, index: number): number {
  return text.slice(0, index).split('\n').length
}
