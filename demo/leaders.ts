const SHOWN = 3

interface Score {
  readonly reasons: readonly { readonly feature: string; readonly contribution: number }[]
}

/** What of /v1/top is shown; the API's own tests hold the rest. */
interface TopAnswer {
  readonly items: readonly {
    readonly customerId: string
    readonly value: number
    readonly lead: Score & { readonly grade: string }
    readonly churn: Score & { readonly band: string }
  }[]
}

/** The heads of two lists, as the API answers them. */
export async function leaders(url: string): Promise<string> {
  const buy = await top(url, 'lead')
  const leave = await top(url, 'churn')
  const rows = [['Most likely to buy', 'Most likely to leave'], ...buy.map((line, i) => [line, leave[i] ?? ''])]
  const width = Math.max(...rows.map(([left]) => left!.length)) + 2
  return rows.map(([left, right]) => `${left!.padEnd(width)}${right}`).join('\n')
}

async function top(url: string, by: 'lead' | 'churn'): Promise<string[]> {
  const response = await fetch(`${url}/v1/top?by=${by}&limit=${SHOWN}`)
  // Our own API, whose answers are checked against their schema as they go out.
  const { items } = (await response.json()) as TopAnswer
  return items.map(({ customerId, value, lead, churn }) => {
    const { reasons } = by === 'lead' ? lead : churn
    const why = reasons.filter(({ contribution }) => contribution > 0).slice(0, 2)
    const held = by === 'lead' ? lead.grade : churn.band
    return `${customerId} ${held} ${value.toFixed(2)} ${why.map(({ feature }) => feature).join(', ')}`
  })
}
