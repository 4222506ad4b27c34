/**
 * Compiles patterns (exact text, `C*` for a beginning, `*` for anything) to a function that finds the one which matches:
 * the exact text first, then the longest beginning.
 */
export function findPattern(patterns: readonly string[]): (text: string) => string | undefined {
  const exact = new Set(patterns.filter((pattern) => !pattern.endsWith('*')))
  const beginnings = patterns
    .filter((pattern) => pattern.endsWith('*'))
    .toSorted((a, b) => b.length - a.length)
    .map((pattern) => ({ pattern, beginning: pattern.slice(0, -1) }))
  return (text) => {
    if (exact.has(text)) return text
    for (const { pattern, beginning } of beginnings) if (text.startsWith(beginning)) return pattern
    return undefined
  }
}
