import { KNOWN_ITEM } from './windows-shown.ts'

export interface GuideOptions {
  readonly url: string
  /** A customer whom it is interesting to ask about. */
  readonly customerId: string
  readonly addresses: Readonly<Record<string, string>>
}

/** What to do next: lines that can be copied as they stand. */
export function guide({ url, customerId, addresses }: GuideOptions): string {
  const asks: [path: string, what: string][] = [
    [`/v1/customers/${customerId}?asOf=stored`, 'a customer: scores, reasons, all features'],
    [`/v1/customers/${customerId}/rfm`, 'R, F, M and their classes, segment, loyalty tier, ranks'],
    [`/v1/customers/${customerId}/explain?lang=es`, 'why, in Spanish, and what would help most'],
    ['/v1/models', 'models: figures, and why each was promoted or refused'],
    ['/v1/top?by=lead&limit=5', 'who is most likely to buy'],
    ['/v1/top?by=churn&limit=5', 'who is most likely to leave; those gone quiet have cause timer'],
    ['/v1/top?by=recent&limit=5', 'who moved last'],
    ['/v1/nps', 'net promoter score, all answers'],
    ['/v1/nps?window=7d&group=region&from=1322092800000', 'the same by region, in weeks from 2011-11-24 on'],
    [`/v1/cross-sell/${KNOWN_ITEM}?limit=5`, 'what is bought together with the cake stand'],
    ['/v1/cross-sell-matrix?limit=8', 'what is bought most, each with each'],
    ['/v1/topics', 'lag and latency'],
    ['/metrics', 'for Prometheus'],
  ]
  const width = Math.max(...asks.map(([path]) => path.length)) + url.length + 11
  const lines = asks.map(([path, what]) => `${`curl -s '${url}${path}'`.padEnd(width)} # ${what}`)
  const exports = Object.entries(addresses).map(([name, value]) => `export ${name}=${value}`)
  return `Ask (all answers are JSON; ${url}/docs describes them and lets you try):

${lines.join('\n')}

Send an event of your own, from another terminal in this folder, and ask for ${customerId} again:

${exports.join('\n')}
printf 'event_time,event_type,product_id,category_code,brand,price,user_id,user_session\\n%s,cart,22423,,,12.75,%s,own\\n' \\
  '2011-12-10 09:00:00 UTC' ${customerId} > own.csv
npm run -s everscore -- replay own.csv --mapping clickstream

Results are in the Kafka topics ${prefixed(addresses, 'customers')}, ${prefixed(addresses, 'score-changes')}, \
${prefixed(addresses, 'nps')}, ${prefixed(addresses, 'cross-sell')}, ${prefixed(addresses, 'thresholds')} and \
${prefixed(addresses, 'dead-letters')}.`
}

function prefixed(addresses: Readonly<Record<string, string>>, topic: string): string {
  return `${addresses['TOPIC_PREFIX'] ?? ''}${topic}`
}
