/**
 * Row: frames a second from wire text to events, beside what parsing the same text alone costs. Captured frames
 * where they are at hand, else made ones of the same shapes.
 */
import { existsSync, readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import type { Venue } from '../src/domain/market.ts'
import { venues } from '../src/sources/index.ts'

const CAPTURES = new URL('../../shared/captures/', import.meta.url)

interface Contest {
  readonly name: string
  readonly venue: Venue
  readonly capture: string
  /** Which of the capture's frames take part. */
  readonly pick: RegExp
  readonly made: (n: number) => string
}

const price = (n: number): string => `${61_000 + (n % 900)}.${10 + (n % 89)}`
const size = (n: number): string => `0.${10_000_000 + ((n * 7919) % 89_999_999)}`
const list = (n: number, one: (n: number) => string): string =>
  Array.from({ length: 8 }, (_, at) => one(n * 8 + at)).join(',')

const CONTESTS: readonly Contest[] = [
  {
    name: 'Binance book',
    venue: 'BINANCE',
    capture: 'binance/ws/spot_btcusdt_20240808.ndjson.gz',
    pick: /"depthUpdate"/,
    made: (n) =>
      `{"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":1723161255208,"s":"BTCUSDT","U":${n},"u":${n},"b":[${list(n, (k) => `["${price(k)}","${size(k)}"]`)}],"a":[${list(n, (k) => `["${price(k)}","${size(k)}"]`)}]}}`,
  },
  {
    name: 'Binance trade',
    venue: 'BINANCE',
    capture: 'binance/ws/spot_btcusdt_20240808.ndjson.gz',
    pick: /"trade"/,
    made: (n) =>
      `{"stream":"btcusdt@trade","data":{"e":"trade","E":1723161255343,"s":"BTCUSDT","t":${n},"p":"${price(n)}","q":"${size(n)}","T":1723161255342,"m":true,"M":true}}`,
  },
  {
    name: 'OKX book',
    venue: 'OKX',
    capture: 'okx/ws/public_l2tbt_20210722_a.ndjson.gz',
    pick: /"action":"update"/,
    made: (n) =>
      `{"arg":{"channel":"books","instId":"BTC-USDT"},"action":"update","data":[{"asks":[${list(n, (k) => `["${price(k)}","${size(k)}","0","2"]`)}],"bids":[],"ts":"1787612486107","checksum":0,"seqId":${n + 1},"prevSeqId":${n}}]}`,
  },
  {
    name: 'Coinbase book',
    venue: 'COINBASE',
    capture: 'coinbase/ws/advanced_l2_btcusd_20260824.ndjson',
    pick: /"l2_data"/,
    made: (n) =>
      `{"channel":"l2_data","timestamp":"2026-08-24T22:34:13.813164957Z","sequence_num":${n},"events":[{"type":"update","product_id":"BTC-USD","updates":[${list(n, (k) => `{"side":"bid","event_time":"2026-08-24T22:34:13.592233Z","price_level":"${price(k)}","new_quantity":"${size(k)}"}`)}]}]}`,
  },
  {
    name: 'Kraken book',
    venue: 'KRAKEN',
    capture: 'kraken/ws/book_btcusd_d10_20230730.ndjson.gz',
    pick: /"channel":"book"/,
    made: (n) =>
      `{"channel":"book","type":"update","data":[{"symbol":"BTC/USD","bids":[],"asks":[${list(n, (k) => `{"price":${price(k)},"qty":${size(k)}}`)}],"checksum":3161278731,"timestamp":"2026-08-02T05:43:31.208168Z"}]}`,
  },
]

export interface DecodeReading {
  readonly name: string
  readonly isCaptured: boolean
  readonly decodedPerSecond: number
  readonly parsedPerSecond: number
  /** Decoding's speed as a share of parsing alone. */
  readonly ratio: number
}

/** Each pass covers about `frames` frames; the median of `passes`, parse and decode taking turns. */
export function decodeRates(frames = 20_000, passes = 7): readonly DecodeReading[] {
  return CONTESTS.map((contest) => measure(contest, frames, passes))
}

function measure(
  { name, venue, capture, pick, made }: Contest,
  frames: number,
  passes: number,
): DecodeReading {
  const captured = framesOf(capture, pick)
  const texts = captured ?? Array.from({ length: 500 }, (_, n) => made(n))
  const rounds = Math.max(1, Math.ceil(frames / texts.length))
  const { decode } = venues[venue].stream
  const parsing: number[] = []
  const decoding: number[] = []
  for (let pass = 0; pass <= passes; pass++) {
    parsing.push(secondsFor(texts, rounds, (text) => void JSON.parse(text)))
    decoding.push(secondsFor(texts, rounds, (text) => void decode(text)))
  }
  const count = texts.length * rounds
  // The first pass warms up and is left out.
  const [parse, decodeTime] = [medianOf(parsing.slice(1)), medianOf(decoding.slice(1))]
  return {
    name,
    isCaptured: captured !== null,
    decodedPerSecond: count / decodeTime,
    parsedPerSecond: count / parse,
    ratio: parse / decodeTime,
  }
}

function framesOf(path: string, pick: RegExp): readonly string[] | null {
  const file = new URL(path, CAPTURES)
  if (!existsSync(file)) return null
  const bytes = readFileSync(file)
  const lines = (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8').split('\n')
  return lines
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { readonly k: string; readonly raw?: string })
    .flatMap(({ k, raw }) => (k === 'rx' && raw !== undefined && pick.test(raw) ? [raw] : []))
}

function secondsFor(texts: readonly string[], rounds: number, run: (text: string) => void): number {
  const started = performance.now()
  for (let round = 0; round < rounds; round++) for (const text of texts) run(text)
  return (performance.now() - started) / 1000
}

const medianOf = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0

if (import.meta.main) {
  for (const { name, isCaptured, decodedPerSecond, parsedPerSecond, ratio } of decodeRates()) {
    process.stdout.write(
      `${name} (${isCaptured ? 'captured' : 'made'}): ${Math.round(decodedPerSecond)}/s decoded, ${Math.round(parsedPerSecond)}/s parsed alone, ratio ${ratio.toFixed(2)}\n`,
    )
  }
}
