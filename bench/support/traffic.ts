/** Wire frames of one venue's book in order, snapshot first: captured where such a session is at hand, else simulated. */
import { existsSync, readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { WebSocket } from 'ws'
import type { Venue } from '../../src/domain/market.ts'
import { startSimulation } from '../../src/sim/simulation.ts'
import { venues } from '../../src/sources/index.ts'
import { frameOf, spellingOf } from './books.ts'

export interface Traffic {
  readonly venue: Venue
  readonly spelling: string
  readonly frames: readonly string[]
  /** The body of the book over REST, where the venue's stream sends no snapshot. */
  readonly depth: string | null
  readonly isCaptured: boolean
}

const CAPTURES = new URL('../../../shared/captures/', import.meta.url)
const SESSIONS: Partial<Record<Venue, string>> = {
  BINANCE: 'binance/ws/spot_btcusdt_20240808.ndjson.gz',
  KRAKEN: 'kraken/ws/book_btcusd_d10_20230730.ndjson.gz',
}
const STEPS = 600

export const trafficOf = async (venue: Venue): Promise<Traffic> => captured(venue) ?? (await simulated(venue))

interface CaptureLine {
  readonly k: string
  readonly raw?: string
}

function captured(venue: Venue): Traffic | null {
  const file = new URL(SESSIONS[venue] ?? 'none', CAPTURES)
  if (!existsSync(file)) return null
  const lines = gunzipSync(readFileSync(file))
    .toString()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as CaptureLine)
  const texts = (kind: string) =>
    lines.flatMap(({ k, raw }) => (k === kind && raw !== undefined ? [raw] : []))
  const frames = texts('rx').filter((text) => frameOf(venue, text) !== null)
  const spelling = frameOf(venue, frames[0] ?? '') ?? ''
  return { venue, spelling, frames, depth: texts('http')[0] ?? null, isCaptured: true }
}

async function simulated(venue: Venue): Promise<Traffic> {
  const symbol = venue === 'BINANCE' || venue === 'OKX' ? 'BTC-USDT' : 'BTC-USD'
  const spelling = spellingOf({ venue, symbol })
  const startAt = Date.UTC(2026, 0, 2, 12)
  const simulation = await startSimulation({ seed: 7, symbols: [symbol], isManual: true, startAt })
  const key = venue.toLowerCase() as Lowercase<Venue>
  const { stream } = venues[venue]
  const { rest_url, ws_url = '' } = simulation.endpoints[key]
  const socket = new WebSocket(ws_url + stream.route('book').path)
  const frames: string[] = []
  socket.on('message', (data) => {
    if (frameOf(venue, String(data)) === spelling) frames.push(String(data))
  })
  await new Promise((resolve) => socket.once('open', resolve))
  const asked = stream.subscribe([{ channel: 'book', spelling }], 1)
  for (const frame of [...(stream.greet ?? []), ...asked]) socket.send(frame)
  await pause(100)
  const depth =
    venue === 'BINANCE'
      ? await (await fetch(`${rest_url}/api/v3/depth?symbol=${spelling}&limit=1000`)).text()
      : null
  for (let step = 0; step < STEPS; step++) {
    simulation.step(100)
    if (step % 20 === 0) await pause(1)
  }
  await pause(200)
  socket.terminate()
  await simulation.close()
  return { venue, spelling, frames, depth, isCaptured: false }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
