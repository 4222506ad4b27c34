/** As in package.json, which says it to npm alone: npm installs on an older Node as well. */
const MINIMUM = '22.18'

/** @returns why everscore can't run on that version of Node.js; null when it can */
export function refuseNode(version: string): string | null {
  const [major, minor] = numbers(version)
  const [leastMajor, leastMinor] = numbers(MINIMUM)
  if (major > leastMajor || (major === leastMajor && minor >= leastMinor)) return null
  return `everscore needs Node.js ${MINIMUM} or later; this is ${version}`
}

function numbers(version: string): [major: number, minor: number] {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return [major, minor]
}
