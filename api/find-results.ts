import { Type } from 'typebox'
import type { CrossSell } from '../schemas/avro/cross-sell.ts'
import type { Nps } from '../schemas/avro/nps.ts'
import { AppError } from '../schemas/errors.ts'
import { partitionOf } from '../schemas/partition.ts'
import type { TenantSettings } from '../schemas/settings.ts'
import type { CustomerLookup, PartitionView } from './customer-lookup.ts'
import { isTrusted } from './partition-trust.ts'
import type { ResultLookup, ResultScope } from './result-lookup.ts'
import { configuredWindows, parseSize } from './window-sizes.ts'

export interface ResultDeps {
  readonly lookup: CustomerLookup
  readonly results: ResultLookup
  readonly decodeNps: (value: Buffer) => Promise<Nps>
  readonly decodeCrossSell: (value: Buffer) => Promise<CrossSell>
  readonly settingsOf: (tenantId: string) => TenantSettings
  readonly partitions: number
  readonly now: () => number
}

const KEY_OF_KIND = { NPS: 'nps', item: 'basket-item', category: 'basket-category' } as const
export type ResultKind = keyof typeof KEY_OF_KIND

/** The results of one kind of a tenant. */
export interface TenantResults extends ResultScope {
  /** That are counted, as requests name them. */
  readonly windows: readonly string[]
}

/** Results of a kind are in the partition of the deltas that they are made of. */
export function scopeOf({ partitions, settingsOf }: ResultDeps, tenantId: string, kind: ResultKind): TenantResults {
  const partition = partitionOf(Buffer.from(`${tenantId}/${KEY_OF_KIND[kind]}`), partitions)
  const { nps, crossSell } = settingsOf(tenantId)
  return { partition, scope: `${tenantId}/${kind}`, windows: configuredWindows(kind === 'NPS' ? nps : crossSell) }
}

/** @returns ms; null: since ever. @throws AppError INPUT_INVALID */
export function windowSizeOf(text: string): number | null {
  if (text === 'ever') return null
  const size = parseSize(text)
  if (size !== null) return size
  const details = { field: 'window', in: 'query' }
  throw new AppError('INPUT_INVALID', 'window must be ever or a size such as 12h, 1d or 7d', { details })
}

/** @throws AppError REBUILDING when nothing can be said now */
export async function mustBeTrusted<T extends PartitionView>(
  deps: ResultDeps,
  { partition }: ResultScope,
  view: T,
): Promise<T> {
  if (await isTrusted(deps, partition, view, 'aggregateTasks')) return view
  throw new AppError('REBUILDING', `the results of partition ${partition} are being rebuilt`, {
    retryable: true,
    details: { partition, ...(view.progress === undefined ? {} : { progress: view.progress }) },
  })
}

/**
 * The windows of one size that begin in [first, last), by start.
 * @throws AppError INPUT_INVALID, REBUILDING
 */
export async function findWindows(
  deps: ResultDeps,
  of: TenantResults,
  { size, first, last }: { readonly size: number | null; readonly first: number; readonly last: number },
): Promise<string[]> {
  if (size === null) return ['0/']
  const { windows } = await mustBeTrusted(deps, of, await deps.results.windows(of, first, last - 1))
  const found = windows.filter((window) => {
    const [start, end] = window.split('/')
    return end !== '' && Number(end) - Number(start) === size
  })
  // Windows of earlier settings can still be there.
  if (found.length === 0 && !of.windows.some((window) => parseSize(window) === size)) {
    const details = { field: 'window', in: 'query', windows: of.windows }
    const problem = `window is of a size that is not counted: the settings have ${of.windows.join(', ')}`
    throw new AppError('INPUT_INVALID', problem, { details })
  }
  return found
}

const TIME_MAX = 8_640_000_000_000_000

/** Which window is asked about. */
export const windowQuery = {
  window: Type.String({
    default: 'ever',
    description: 'Size of a window as the settings have it, such as 7d; ever: all orders.',
  }),
  at: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: TIME_MAX,
      description: 'A time in the window, epoch ms; without: the newest.',
    }),
  ),
}

/** @returns `<start>/<end>` of the newest window that has the time; null: there is none. @throws AppError INPUT_INVALID */
export async function findWindow(
  deps: ResultDeps,
  of: TenantResults,
  { window, at }: { readonly window: string; readonly at?: number },
): Promise<string | null> {
  const size = windowSizeOf(window)
  const range = at === undefined ? { first: 0, last: TIME_MAX } : { first: at - (size ?? 0) + 1, last: at + 1 }
  return (await findWindows(deps, of, { size, ...range })).at(-1) ?? null
}

/** An item or category as it is in keys. @throws AppError INPUT_INVALID naming the parameter */
export function encodedName(id: string, field: string): string {
  if (id.isWellFormed()) return encodeURIComponent(id)
  throw new AppError('INPUT_INVALID', `${field} is not UTF-8`, { details: { field } })
}
