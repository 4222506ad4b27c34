interface Route {
  readonly parts: readonly string[]
  readonly methods: Set<string>
}

/** The routes by their paths alone: for requests that fastify gives to none of them. */
export class RouteTable {
  readonly #routes = new Map<string, Route>()

  /** @param url as fastify has it: `/v1/customers/:id` */
  add(url: string, methods: string | readonly string[]): void {
    const route = this.#routes.get(url) ?? { parts: url.split('/'), methods: new Set() }
    this.#routes.set(url, route)
    for (const method of [methods].flat()) route.methods.add(method)
  }

  /** What may be asked of a path; empty: there is no such path. */
  methodsOf(path: string): string[] {
    return [...new Set(this.#find(path).flatMap(({ methods }) => [...methods]))].sort()
  }

  /** The name of the parameter in a path that isn't percent-encoded UTF-8; undefined: there is none. */
  undecodableIn(path: string): string | undefined {
    const values = path.split('/')
    const names = this.#find(path).flatMap(({ parts }) => parts.filter((_, i) => !isDecodable(values[i]!)))
    return names[0]?.slice(1)
  }

  #find(path: string): Route[] {
    const values = path.split('/')
    return [...this.#routes.values()].filter(
      ({ parts }) =>
        parts.length === values.length &&
        parts.every((part, i) => (part.startsWith(':') ? values[i] !== '' : part === values[i])),
    )
  }
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text)
    return true
  } catch {
    return false
  }
}
