import { existsSync, readFileSync } from 'node:fs'

/** From the checkout the package.json is one folder up; from the compiled package, two. */
const file = ['../package.json', '../../package.json']
  .map((path) => new URL(path, import.meta.url))
  .find((url) => existsSync(url))

/** The version of the package. */
export const VERSION: string = file ? (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version : '0.0.0'
