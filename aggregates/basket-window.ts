import type { Window } from '../models/windows.ts'
import type { TenantSettings } from '../schemas/settings.ts'
import { BoundedCounts, type Counter } from './bounded-counts.ts'
import type { WindowState } from './window-table.ts'

/** Orders with one item (or category). Its key is the name, percent-encoded. */
export interface ItemCount extends Counter {
  readonly of: BasketWindow
  /** It has an entry in `aggregate-state`. */
  stored: boolean
}

/** Orders with two of them. Its key is `<a>+<b>`, percent-encoded, a before b by UTF-16 code units. */
export interface PairCount extends Counter {
  readonly of: BasketWindow
  readonly a: string
  readonly b: string
  /** Both percent-encoded: their keys among the items. */
  readonly keyA: string
  readonly keyB: string
  stored: boolean
  /** Its orders changed since it was sent. */
  moved: boolean
  /** Readers have a result of it. */
  sent: boolean
  /** Final results sent. */
  finals: number
  /** `changes` of its window when it was sent; -1: not known. */
  sentAt: number
  /** It waits to be sent because all of its window are to be. */
  inRound: boolean
}

export interface BasketWindow extends WindowState {
  readonly items: BoundedCounts<ItemCount>
  readonly pairs: BoundedCounts<PairCount>
  orders: number
  /** Orders added or taken back. */
  changes: number
  /** `changes` when all pairs were last sent: after that, confidence and lift of any may have moved. */
  covered: number
  /** Corrections of the final result. */
  revision: number
  /** Of the round in which all pairs are being sent: pairs left, and `changes` at its beginning. */
  roundLeft: number
  roundAt: number
  /** The worker's clock when the last such round began, or since when it is known that none did. */
  roundSince: number | null
}

export function newBasketWindow(key: string, window: Window, { crossSell }: TenantSettings): BasketWindow {
  return {
    key,
    window,
    closedAt: null,
    items: new BoundedCounts(crossSell.maxItems),
    pairs: new BoundedCounts(crossSell.maxPairs),
    orders: 0,
    changes: 0,
    covered: 0,
    revision: 0,
    roundLeft: 0,
    roundAt: 0,
    roundSince: null,
  }
}

export function newItem(of: BasketWindow, key: string, observed: number, error: number): ItemCount {
  return { of, key, observed, error, place: -1, stored: false }
}

export function newPair(of: BasketWindow, key: string, names: PairNames, observed: number, error: number): PairCount {
  return {
    of,
    key,
    a: names.a,
    b: names.b,
    keyA: names.keyA,
    keyB: names.keyB,
    observed,
    error,
    place: -1,
    stored: false,
    moved: false,
    sent: false,
    // In a window that is closed it comes with the next correction of all.
    finals: of.closedAt === null ? 0 : of.revision + 1,
    sentAt: -1,
    inRound: false,
  }
}

export interface PairNames {
  readonly a: string
  readonly b: string
  readonly keyA: string
  readonly keyB: string
}
