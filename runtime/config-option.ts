/** How one environment variable is read. */
export interface Option<T> {
  readonly default: T
  readonly doc: string
  readonly secret?: boolean
  /** @throws Error with what is wrong about the text */
  parse(text: string): T
}

export const text = (fallback: string, doc: string, secret = false): Option<string> => ({
  default: fallback,
  doc,
  secret,
  parse: (value) => value,
})

export const integer = (fallback: number, minimum: number, maximum: number, doc: string): Option<number> => ({
  default: fallback,
  doc,
  parse: (value) => {
    const number = Number(value)
    if (!Number.isInteger(number) || number < minimum || number > maximum) {
      throw new Error(`must be a whole number from ${minimum} to ${maximum}`)
    }
    return number
  },
})

export const flag = (fallback: boolean, doc: string): Option<boolean> => ({
  default: fallback,
  doc,
  parse: (value) => {
    if (value !== 'true' && value !== 'false') throw new Error('must be true or false')
    return value === 'true'
  },
})

/** `''` among the choices stands for the unset variable. */
export const oneOf = <const T extends string>(choices: readonly T[], fallback: T, doc: string): Option<T> => ({
  default: fallback,
  doc: `${doc} One of: ${named(choices)}.`,
  parse: (value) => {
    const found = choices.find((choice) => choice === value.toLowerCase())
    if (found === undefined) throw new Error(`must be one of ${named(choices)}`)
    return found
  },
})

export const brokers = (doc: string): Option<readonly string[]> => ({
  default: [],
  doc,
  parse: (value) => {
    const addresses = listed(value)
    if (!addresses.every(isHostAndPort)) throw new Error('must be host:port, several with commas')
    return addresses
  },
})

/** Secret: a user and a password may be part of it. */
export const urls = (
  schemes: readonly string[],
  { most, doc }: { readonly most: number; readonly doc: string },
): Option<string> => ({
  default: '',
  doc,
  secret: true,
  parse: (value) => {
    const addresses = listed(value)
    const areGood = addresses.length >= 1 && addresses.length <= most && addresses.every((each) => isUrl(each, schemes))
    if (areGood) return addresses.join(',')
    throw new Error(`must be an address that begins with ${schemes.map((scheme) => `${scheme}//`).join(' or ')}`)
  },
})

export const someOf = <const T extends string>(choices: readonly T[], doc: string): Option<readonly T[]> => ({
  default: choices,
  doc: `${doc} Of: ${choices.join(', ')}.`,
  parse: (value) => {
    const names = value.split(',').map((name) => name.trim())
    const found = choices.filter((choice) => names.includes(choice))
    if (found.length < new Set(names).size) throw new Error(`must name some of ${choices.join(', ')}`)
    return found
  },
})

export const pattern = (fallback: string, regex: RegExp, doc: string): Option<string> => ({
  default: fallback,
  doc,
  parse: (value) => {
    if (!regex.test(value)) throw new Error(`must match ${regex.source}`)
    return value
  },
})

const named = (choices: readonly string[]): string => choices.filter((choice) => choice !== '').join(', ')

function listed(value: string): string[] {
  return value
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
}

function isHostAndPort(address: string): boolean {
  const [, port] = /^[^\s/]+:(\d{1,5})$/.exec(address) ?? []
  return port !== undefined && Number(port) >= 1 && Number(port) <= 65_535
}

function isUrl(address: string, schemes: readonly string[]): boolean {
  const url = URL.parse(address)
  return url !== null && schemes.includes(url.protocol) && url.hostname !== ''
}
