// Comments, and strings so that a // inside one isn't taken for a comment. Templates stay: they hold code.
const TOKEN = /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"/g

/** The text with comments blanked; lines stay where they are. */
export function withoutComments(text: string): string {
  return text.replace(TOKEN, (token) => (token.startsWith('/') ? blank(token) : token))
}

/** The text with quoted strings blanked. */
export function withoutStrings(text: string): string {
  return text.replace(TOKEN, (token) => (token.startsWith('/') ? token : blank(token)))
}

function blank(token: string): string {
  return token.replace(/[^\n]/g, ' ')
}
