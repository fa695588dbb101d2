/**
 * Other people's books under our bench's name for them. Everyone starts from the wire's texts: a peer turns
 * them into the numbers it wants as its own exchange mappers do, ours into its sort keys.
 */
import { existsSync } from 'node:fs'
import type { LevelChange } from '../../src/domain/event.ts'
import type { BookContender, MeasuredBook } from '../book.ts'

const ROOT = new URL('../node_modules/', import.meta.url)

/** Those that are installed beside the bench. */
export const bookPeers = async (): Promise<readonly BookContender[]> => {
  const found = await Promise.all([tardis(), ccxt()])
  return found.filter((peer) => peer !== null)
}

interface TardisBook {
  update(change: object): void
  bids(): Iterable<unknown>
  asks(): Iterable<unknown>
}

const tardis = async (): Promise<BookContender | null> => {
  const { OrderBook } = await installed<{ readonly OrderBook: new () => TardisBook }>(
    'tardis-dev/dist/orderbook.js',
  )
  if (OrderBook === undefined) return null
  const ready = (changes: readonly LevelChange[]) =>
    changes.map(([price, size]) => ({ price: Number(price), amount: Number(size) }))
  return {
    name: 'tardis-dev OrderBook',
    create: ({ bids, asks }) => {
      const book = new OrderBook()
      book.update({ isSnapshot: true, bids: ready(bids), asks: ready(asks) })
      return {
        apply: (bidChanges, askChanges) =>
          book.update({ isSnapshot: false, bids: ready(bidChanges), asks: ready(askChanges) }),
        top: (depth) => [take(book.bids(), depth), take(book.asks(), depth)],
      }
    },
  }
}

interface CcxtSide extends Iterable<unknown> {
  storeArray(change: readonly [number, number]): void
}

const ccxt = async (): Promise<BookContender | null> => {
  type Sides = { readonly Bids: new () => CcxtSide; readonly Asks: new () => CcxtSide }
  const { Bids, Asks } = await installed<Sides>('ccxt/js/src/base/ws/OrderBookSide.js')
  if (Bids === undefined || Asks === undefined) return null
  return {
    name: 'ccxt OrderBookSide',
    create: (levels): MeasuredBook => {
      const [bids, asks] = [new Bids(), new Asks()]
      const apply = (side: CcxtSide, changes: readonly LevelChange[]): void => {
        for (const [price, size] of changes) side.storeArray([Number(price), Number(size)])
      }
      apply(bids, levels.bids)
      apply(asks, levels.asks)
      return {
        apply: (bidChanges, askChanges) => {
          apply(bids, bidChanges)
          apply(asks, askChanges)
        },
        top: (depth) => [take(bids, depth), take(asks, depth)],
      }
    },
  }
}

const installed = async <T extends object>(path: string): Promise<Partial<T>> => {
  const url = new URL(path, ROOT)
  return existsSync(url) ? ((await import(url.href)) as T) : {}
}

const take = (levels: Iterable<unknown>, count: number): readonly unknown[] => {
  const taken: unknown[] = []
  for (const level of levels) if (taken.push(level) >= count) break
  return taken
}
