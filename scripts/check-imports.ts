import { findImportBreaches } from './find-import-breaches.ts'
import { IMPORT_RULES, TOOL_FOLDERS } from './import-rules.ts'
import { readSourceFiles } from './source-files.ts'

const MAX_LINES = 250

const files = readSourceFiles()
for (const { path, text } of files) {
  const lines = text.split('\n').length - 1
  const isTool = TOOL_FOLDERS.some((folder) => path.startsWith(`${folder}/`))
  if (lines > MAX_LINES && !isTool)
    process.stderr.write(`warning: ${path} has ${lines} lines, more than ${MAX_LINES}\n`)
}
const breaches = findImportBreaches(files, IMPORT_RULES)
for (const { path, line, problem } of breaches) process.stderr.write(`${path}:${line}: ${problem}\n`)
process.stdout.write(`import rules: ${files.length} files, ${breaches.length} breaches\n`)
if (breaches.length > 0) process.exitCode = 1
