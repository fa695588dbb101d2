/** Captured traffic turned into book events by readers of our own, so that the books are tested without the adapters. */
import { existsSync, readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import type { BookDeltaEvent, BookSnapshotEvent, LevelChange } from '../../src/domain/event.ts'

const CAPTURES = new URL('../../../shared/captures/', import.meta.url)

export const hasCaptures = existsSync(CAPTURES)

export interface CaptureRecord {
  readonly t: number
  readonly k: string
  readonly raw: string
  readonly url?: string
}

export const recordsOf = (path: string): readonly CaptureRecord[] => {
  const bytes = readFileSync(new URL(path, CAPTURES))
  const text = path.endsWith('.gz') ? gunzipSync(bytes).toString() : bytes.toString()
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as CaptureRecord)
    .filter((record) => record.k !== 'meta')
}

/** A value somewhere in a captured frame; these tests trust their own fixtures to hold what they ask for. */
export interface Wire {
  readonly [key: string]: Wire
}

export const frameOf = (raw: string): Wire => JSON.parse(raw) as Wire
export const textOf = (wire: Wire | undefined): string => wire as unknown as string
export const numberOf = (wire: Wire | undefined): number => wire as unknown as number
const list = (wire: Wire | undefined): readonly Wire[] => wire as unknown as readonly Wire[]

/** Numbers kept as their own digits: `{"price":63351.60}` reads as "63351.60". */
export const parseDigits = (raw: string): Wire =>
  JSON.parse(raw.replaceAll(/("(?:price|qty)":)\s*(-?[0-9.eE+-]+)/g, '$1"$2"')) as Wire

const changes = (levels: Wire | undefined): LevelChange[] =>
  list(levels).map((level) => [textOf(level['0']), textOf(level['1'])] as const)

export const binanceSnapshot = (spelling: string, raw: string): BookSnapshotEvent => {
  const body = frameOf(raw)
  return snapshot(spelling, changes(body['bids']), changes(body['asks']), numberOf(body['lastUpdateId']))
}

export const binanceDelta = (data: Wire): BookDeltaEvent =>
  delta(textOf(data['s']), changes(data['b']), changes(data['a']), {
    first: numberOf(data['U']),
    last: numberOf(data['u']),
    observedAt: numberOf(data['E']),
  })

export const okxEvent = (frame: Wire): BookSnapshotEvent | BookDeltaEvent => {
  const book = list(frame['data'])[0]!
  const spelling = textOf(frame['arg']?.['instId'])
  const last = numberOf(book['seqId'])
  const bids = changes(book['bids'])
  const asks = changes(book['asks'])
  if (textOf(frame['action']) === 'snapshot') return snapshot(spelling, bids, asks, last)
  return delta(spelling, bids, asks, { last, previous: numberOf(book['prevSeqId']) })
}

export const krakenEvent = (frame: Wire): BookSnapshotEvent | BookDeltaEvent => {
  const book = list(frame['data'])[0]!
  const pairs = (levels: Wire | undefined): LevelChange[] =>
    list(levels).map((level) => [textOf(level['price']), textOf(level['qty'])] as const)
  const [bids, asks] = [pairs(book['bids']), pairs(book['asks'])]
  const checksum = numberOf(book['checksum'])
  const spelling = textOf(book['symbol'])
  if (textOf(frame['type']) === 'snapshot') return { ...snapshot(spelling, bids, asks, null), checksum }
  return { ...delta(spelling, bids, asks, {}), checksum }
}

export const coinbaseEvents = (frame: Wire): readonly (BookSnapshotEvent | BookDeltaEvent)[] =>
  list(frame['events']).map((event) => {
    const of = (side: string): LevelChange[] =>
      list(event['updates'])
        .filter((update) => textOf(update['side']) === side)
        .map((update) => [textOf(update['price_level']), textOf(update['new_quantity'])] as const)
    const spelling = textOf(event['product_id'])
    return textOf(event['type']) === 'snapshot'
      ? snapshot(spelling, of('bid'), of('offer'), null)
      : delta(spelling, of('bid'), of('offer'), {})
  })

export const coinbaseExchangeEvent = (frame: Wire): BookSnapshotEvent | BookDeltaEvent => {
  const spelling = textOf(frame['product_id'])
  if (textOf(frame['type']) === 'snapshot') {
    return snapshot(spelling, changes(frame['bids']), changes(frame['asks']), null)
  }
  const of = (side: string): LevelChange[] =>
    list(frame['changes'])
      .filter((change) => textOf(change['0']) === side)
      .map((change) => [textOf(change['1']), textOf(change['2'])] as const)
  return delta(spelling, of('buy'), of('sell'), {})
}

export const snapshot = (
  spelling: string,
  bids: readonly LevelChange[],
  asks: readonly LevelChange[],
  sequence: number | null,
): BookSnapshotEvent => ({
  kind: 'bookSnapshot',
  spelling,
  bids,
  asks,
  sequence,
  checksum: null,
  observedAt: null,
})

export const delta = (
  spelling: string,
  bids: readonly LevelChange[],
  asks: readonly LevelChange[],
  ids: Partial<Pick<BookDeltaEvent, 'first' | 'last' | 'previous' | 'observedAt'>>,
): BookDeltaEvent => ({
  kind: 'bookDelta',
  spelling,
  bids,
  asks,
  first: null,
  last: null,
  previous: null,
  checksum: null,
  observedAt: null,
  ...ids,
})
