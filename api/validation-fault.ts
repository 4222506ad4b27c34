/** What Ajv says of one keyword of a schema that a request breaks. */
export interface ValidationFault {
  readonly instancePath?: string
  readonly keyword?: string
  readonly params?: Readonly<Record<string, unknown>>
  readonly message?: string
}

/** Where OpenAPI says that a parameter stands, by fastify's name for the place. */
const WHERE: Readonly<Record<string, string>> = {
  querystring: 'query',
  params: 'path',
  headers: 'header',
  body: 'body',
}

const TYPES: Readonly<Record<string, string>> = {
  object: 'an object',
  array: 'a list',
  string: 'a text',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
}

/** What is wrong with a request, for people, and the parameter that is, for programs. */
export function describeFault(
  faults: readonly ValidationFault[],
  context: string | undefined,
): { message: string; details: { field: string; in: string | undefined } } {
  const path = pathOf(faults[0]!)
  const place = WHERE[context ?? ''] ?? context
  // Of a list in a query, the parameter is what has a name; of a body that is no object, nothing has.
  const field = (context === 'body' ? path.join('.') : path[0]) || 'body'
  const subject = path.length === 0 ? 'the body' : field
  return { message: `${subject} ${problemOf(faults, place)}`, details: { field, in: place } }
}

function pathOf({ instancePath = '', keyword, params = {} }: ValidationFault): string[] {
  const path = instancePath.split('/').slice(1)
  if (keyword === 'required') path.push(String(params['missingProperty']))
  if (keyword === 'additionalProperties') path.push(String(params['additionalProperty']))
  return path
}

function problemOf(faults: readonly ValidationFault[], place: string | undefined): string {
  const { keyword, params = {}, message } = faults[0]!
  const limit = params['limit']
  switch (keyword) {
    case 'required':
      return 'is missing'
    case 'additionalProperties':
      return `is not a ${place === 'body' ? 'field' : 'parameter'} here`
    case 'enum':
      return `must be ${choiceOf(params['allowedValues'] as unknown[])}`
    // Of a union, there is a fault for each choice.
    case 'const':
      return `must be ${choiceOf(paramOf(faults, 'const', 'allowedValue'))}`
    case 'type':
      return `must be ${choiceOf(paramOf(faults, 'type', 'type').map((type) => TYPES[String(type)] ?? type))}`
    case 'minimum':
      return `must be at least ${limit}`
    case 'maximum':
      return `must be at most ${limit}`
    case 'minLength':
      return limit === 1 ? 'must not be empty' : `must have at least ${limit} characters`
    case 'maxLength':
      return `must have at most ${limit} characters`
    case 'maxItems':
      return `must have at most ${limit} items`
    case 'uniqueItems':
      return 'must not have the same item twice'
    default:
      return message ?? 'is wrong'
  }
}

function paramOf(faults: readonly ValidationFault[], keyword: string, name: string): unknown[] {
  return faults.filter((each) => each.keyword === keyword).map(({ params = {} }) => params[name])
}

function choiceOf(values: readonly unknown[]): string {
  const texts = values.map(String)
  return texts.length < 2 ? texts.join() : `${texts.slice(0, -1).join(', ')} or ${texts.at(-1)}`
}
