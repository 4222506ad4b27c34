import { readdirSync, readFileSync } from 'node:fs'
import { join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { SourceFile } from './find-import-breaches.ts'

/** The root of the checkout. */
export const ROOT = fileURLToPath(new URL('..', import.meta.url))

const SKIPPED = new Set(['node_modules', 'dist', 'coverage'])

/** Every TypeScript file of the checkout. */
export function readSourceFiles(root = ROOT): SourceFile[] {
  const found: SourceFile[] = []
  const walk = (folder: string): void => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = join(folder, entry.name)
      if (entry.name.startsWith('.') || SKIPPED.has(entry.name)) continue
      if (entry.isDirectory()) walk(path)
      else if (entry.name.endsWith('.ts')) {
        found.push({ path: path.split(sep).join('/'), text: readFileSync(join(root, path), 'utf8') })
      }
    }
  }
  walk('')
  return found
}
