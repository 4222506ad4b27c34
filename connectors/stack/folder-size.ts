import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** Bytes of all files below a folder that others may be changing: what is gone meanwhile counts nothing. */
export function folderSize(folder: string): number {
  let bytes = 0
  for (const path of listed(folder)) {
    try {
      const stat = statSync(join(folder, path))
      if (stat.isFile()) bytes += stat.size
    } catch {
      // moved or removed since it was listed
    }
  }
  return bytes
}

function listed(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, encoding: 'utf8' })
  } catch {
    return []
  }
}
