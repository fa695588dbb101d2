/** As much of each venue's language as a replay needs: which topic a recorded frame belongs to, and what a live reader asks for. */
import type { Venue } from '../domain/market.ts'

export interface Wish {
  readonly topic: string
  /** Said at once to a reader whose topic was recorded; null where the recording itself holds the venue's word. */
  readonly accepted: string | null
  /** Said to one whose topic was not. */
  readonly refused: string | null
}

export interface Speech {
  readonly paths: readonly string[]
  /** A reader gets the recording whole, because its frames are numbered, or only the topics it asked for. */
  readonly isWhole: boolean
  /** The topic of a recorded frame; null for a frame of the connection itself. */
  readonly topicOf: (frame: string) => string | null
  /** Whether a recorded frame of the connection is worth saying again. */
  readonly isRepeated: (frame: string) => boolean
  readonly wishesOf: (message: string) => readonly Wish[]
  /** Anything else a reader says that wants an answer. */
  readonly answer: (message: string) => string | null
  /** Why a recording of this venue is not what its adapter reads; null when it is. */
  readonly objection: (url: string, frames: readonly string[]) => string | null
}

function parsed(text: string): Record<string, unknown> {
  try {
    const value = JSON.parse(text) as unknown
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}

const texts = (value: unknown): readonly string[] => (Array.isArray(value) ? value.map(String) : [])

const binance: Speech = {
  paths: ['/stream'],
  isWhole: false,
  topicOf: (frame) => /^\{"stream":"([^"]+)"/.exec(frame)?.[1] ?? null,
  isRepeated: () => false,
  wishesOf: (message) => {
    const { method, params, id = null } = parsed(message)
    if (method !== 'SUBSCRIBE') return []
    // One answer for all, known or not.
    return texts(params).map((topic, at) => ({
      topic,
      accepted: at === 0 ? JSON.stringify({ result: null, id }) : null,
      refused: at === 0 ? JSON.stringify({ result: null, id }) : null,
    }))
  },
  answer: (message) => {
    const { method, id = null } = parsed(message)
    if (method === 'LIST_SUBSCRIPTIONS') return JSON.stringify({ result: [], id })
    return method === 'UNSUBSCRIBE' ? JSON.stringify({ result: null, id }) : null
  },
  objection: (url, frames) => {
    if (/fstream|dstream/.test(url)) return 'perpetuals: the adapter streams spot markets'
    return frames.some((frame) => frame.startsWith('{"stream":')) ? null : 'not a combined stream'
  },
}

const okx: Speech = {
  paths: ['/ws/v5/public', '/ws/v5/business'],
  isWhole: false,
  topicOf: (frame) => {
    const found = /^\{"arg":\{"channel":"([^"]+)","instId":"([^"]+)"/.exec(frame)
    return found === null ? null : `${found[1]} ${found[2]}`
  },
  isRepeated: () => false,
  wishesOf: (message) => {
    const { op, args } = parsed(message)
    if (op !== 'subscribe' || !Array.isArray(args)) return []
    return (args as readonly { readonly channel?: unknown; readonly instId?: unknown }[]).map(
      ({ channel, instId }) => ({
        topic: `${String(channel)} ${String(instId)}`,
        accepted: JSON.stringify({ event: 'subscribe', arg: { channel, instId }, connId: 'replayed' }),
        refused: JSON.stringify({
          event: 'error',
          code: '60018',
          msg: `Wrong URL or channel:${String(channel)},instId:${String(instId)} doesn't exist.`,
          connId: 'replayed',
        }),
      }),
    )
  },
  answer: (message) => (message === 'ping' ? 'pong' : null),
  objection: (_url, frames) => {
    const books = frames.filter((frame) => frame.includes('"action":"'))
    if (books.some((frame) => frame.includes('l2-tbt')))
      return 'tick-by-tick books: the adapter reads the books channel'
    return books.some((frame) => !frame.includes('"prevSeqId"'))
      ? 'no sequence ids: recorded before the venue sent them'
      : null
  },
}

const coinbase: Speech = {
  paths: ['/', ''],
  isWhole: true,
  topicOf: (frame) => {
    const channel = /"channel":"([^"]+)"/.exec(frame)?.[1]
    const product = /"product_id":"([^"]+)"/.exec(frame)?.[1]
    if (channel === undefined || product === undefined) return null
    return `${channel === 'l2_data' ? 'level2' : channel} ${product}`
  },
  isRepeated: () => true,
  wishesOf: (message) => {
    const { type, channel, product_ids: ids } = parsed(message)
    if (type !== 'subscribe') return []
    return texts(ids).map((id) => ({ topic: `${String(channel)} ${id}`, accepted: null, refused: null }))
  },
  answer: () => null,
  objection: (url, frames) =>
    /exchange|feed\.pro/.test(url) || frames.every((frame) => !frame.includes('"sequence_num"'))
      ? 'the Exchange feed: the adapter reads Advanced Trade'
      : null,
}

const kraken: Speech = {
  paths: ['/v2'],
  isWhole: false,
  topicOf: (frame) => {
    const found = /^\{"channel":"(book|trade|ohlc|ticker)".*?"symbol":"([^"]+)"/.exec(frame)
    return found === null ? null : `${found[1]} ${found[2]}`
  },
  isRepeated: (frame) => frame.startsWith('{"channel":'),
  wishesOf: (message) => {
    const { method, params, req_id } = parsed(message)
    if (method !== 'subscribe' || typeof params !== 'object' || params === null) return []
    const { channel, symbol } = params as { readonly channel?: unknown; readonly symbol?: unknown }
    const id = req_id === undefined ? {} : { req_id }
    return texts(symbol).map((name) => ({
      topic: `${String(channel)} ${name}`,
      accepted: JSON.stringify({
        method,
        result: { channel, symbol: name, snapshot: true },
        success: true,
        ...id,
      }),
      refused: JSON.stringify({
        method,
        success: false,
        error: `Currency pair not supported ${name}`,
        symbol: name,
        ...id,
      }),
    }))
  },
  answer: (message) => {
    const { method, req_id } = parsed(message)
    return method === 'ping'
      ? JSON.stringify({ method: 'pong', ...(req_id === undefined ? {} : { req_id }) })
      : null
  },
  objection: (url, frames) =>
    /futures/.test(url) || frames.some((frame) => frame.includes('"feed":'))
      ? 'futures: the adapter streams spot markets'
      : null,
}

export const SPEECHES: Readonly<Record<Venue, Speech>> = {
  BINANCE: binance,
  OKX: okx,
  COINBASE: coinbase,
  KRAKEN: kraken,
}
