/**
 * Two aggregators and two exchanges on a local port, in their real wire formats, saying exactly what a test
 * tells them to; and a facade over them whose clock only the test turns. Every request is counted.
 */
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Config } from '../../../src/config.ts'
import type { Clock } from '../../../src/domain/clock.ts'
import { baseOf, quoteOf } from '../../../src/domain/market.ts'
import type { MarketSymbol, Source } from '../../../src/domain/market.ts'
import { createFacade, createTransports } from '../../../src/facade/create.ts'
import type { RunningFacade } from '../../../src/facade/create.ts'
import { aggregators, venues } from '../../../src/sources/index.ts'
import { createMemoryStore } from '../../../src/store/memory.ts'
import type { Store } from '../../../src/store/store.ts'
import { TestClock } from '../../support/clock.ts'

export type Player = 'COINGECKO' | 'COINPAPRIKA' | 'COINBASE' | 'KRAKEN'
type Mood = { readonly status: number; readonly retryAfter?: number } | 'hang' | 'html'

export interface Stage {
  readonly clock: TestClock
  readonly facade: RunningFacade
  readonly store: Store
  readonly config: Config
  say(player: Player, symbol: MarketSymbol, price: string | null, volume?: string): void
  mood(player: Player, mood: Mood | null): void
  /** Requests so far, by source. */
  readonly counts: Record<Player, number>
  /** Requests that hang, while somebody waits for their replies. */
  readonly waiting: ReadonlySet<unknown>
  /** Answers those after all. */
  release(): void
  /** Another process on the same store. */
  another(): Promise<RunningFacade>
  /** Lets what is under way on real sockets go on. */
  breathe(): Promise<void>
  close(): Promise<void>
}

export interface StageOptions {
  readonly symbols?: readonly MarketSymbol[]
  readonly hotSymbols?: readonly MarketSymbol[]
  /** The machine's clock instead of one the test turns. */
  readonly realClock?: Clock
  readonly store?: (clock: Clock) => Store
  readonly change?: (config: Config) => Config
}

const PLAYERS: readonly Player[] = ['COINGECKO', 'COINPAPRIKA', 'COINBASE', 'KRAKEN']

export async function openStage(options: StageOptions = {}): Promise<Stage> {
  const turned = new TestClock()
  const clock: Clock = options.realClock ?? turned
  const said = new Map<string, { readonly price: string; readonly volume: string }>()
  const moods = new Map<Player, Mood>()
  const waiting = new Set<() => void>()
  const counts: Record<Player, number> = { COINGECKO: 0, COINPAPRIKA: 0, COINBASE: 0, KRAKEN: 0 }
  const server = createServer((request, reply) => {
    const player = (request.url ?? '').split('/')[1]?.toUpperCase() as Player
    counts[player] += 1
    const mood = moods.get(player)
    if (mood === 'hang') {
      const late = () => reply.end(answer(player, request, said, clock.now()))
      waiting.add(late)
      reply.on('close', () => waiting.delete(late))
      return
    }
    if (mood !== undefined) return spoil(reply, mood)
    reply.setHeader('content-type', 'application/json')
    reply.end(answer(player, request, said, clock.now()))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const plain = configOf(`http://127.0.0.1:${port}`, options)
  const config = options.change?.(plain) ?? plain
  const store = options.store?.(clock) ?? createMemoryStore({ clock })
  const closers: (() => Promise<void>)[] = []

  const another = async (): Promise<RunningFacade> => {
    const transports = createTransports({ config, clock, venues, aggregators })
    const logger = { info: () => {}, warn: () => {} }
    const facade = createFacade({
      config,
      clock,
      store,
      venues,
      aggregators,
      transports,
      random: () => 0.5,
      logger,
    })
    facade.start()
    await facade.settled()
    closers.push(async () => {
      await facade.stop()
      await Promise.all(Object.values(transports).map((transport) => transport.close()))
    })
    return facade
  }

  const say: Stage['say'] = (player, symbol, price, volume = '1000') => {
    if (price === null) said.delete(`${player}:${symbol}`)
    else said.set(`${player}:${symbol}`, { price, volume })
  }
  for (const symbol of config.symbols) {
    for (const player of PLAYERS) {
      const isAggregator = player === 'COINGECKO' || player === 'COINPAPRIKA'
      if (isAggregator && quoteOf(symbol) !== 'USD') continue
      say(player, symbol, baseOf(symbol) === 'USDT' || baseOf(symbol) === 'USDC' ? '1.0' : '100.00')
    }
  }
  const facade = await another()
  return {
    clock: turned,
    facade,
    store,
    config,
    counts,
    waiting,
    release() {
      for (const late of waiting) late()
    },
    another,
    say,
    mood(player, mood) {
      if (mood === null) moods.delete(player)
      else moods.set(player, mood)
    },
    async breathe() {
      for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve))
    },
    async close() {
      for (const close of closers) await close()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function spoil(reply: ServerResponse, mood: Exclude<Mood, 'hang'>): void {
  if (mood === 'html') {
    reply.end('<html>not today</html>')
    return
  }
  reply.statusCode = mood.status
  if (mood.retryAfter !== undefined) reply.setHeader('retry-after', String(mood.retryAfter))
  reply.end('{}')
}

function answer(
  player: Player,
  request: IncomingMessage,
  said: ReadonlyMap<string, { readonly price: string; readonly volume: string }>,
  now: number,
): string {
  const rows = [...said].flatMap(([name, { price, volume }]) => {
    const [who, symbol] = name.split(':')
    return who === player && symbol !== undefined ? [{ symbol, price, volume }] : []
  })
  const path = request.url ?? ''
  if (player === 'COINGECKO') {
    const at = Math.floor(now / 1000)
    const coins = rows.map(
      ({ symbol, price, volume }) =>
        `"${idOf('COINGECKO', symbol)}":{"usd":${price},"usd_24h_vol":${volume},"last_updated_at":${at}}`,
    )
    return `{${coins.join(',')}}`
  }
  if (player === 'COINPAPRIKA') {
    const at = new Date(now).toISOString()
    const coins = rows.map(
      ({ symbol, price, volume }) =>
        `{"id":"${idOf('COINPAPRIKA', symbol)}","last_updated":"${at}","quotes":{"USD":{"price":${price},"volume_24h":${volume}}}}`,
    )
    return `[${coins.join(',')}]`
  }
  if (player === 'COINBASE') {
    const products = rows.map(({ symbol, price, volume }) => ({
      product_id: symbol,
      price,
      mid_market_price: price,
      volume_24h: volume,
      status: 'online',
      product_type: 'SPOT',
      base_currency_id: baseOf(symbol),
      quote_currency_id: quoteOf(symbol),
    }))
    return JSON.stringify({ products })
  }
  if (path.endsWith('/tickers')) {
    // The futures desk: no perpetuals here.
    return JSON.stringify({ result: 'success', serverTime: new Date(now).toISOString(), tickers: [] })
  }
  const isPairs = path.includes('AssetPairs')
  const pairs = rows.map(({ symbol, price, volume }) => {
    const wsname = symbol.replace('-', '/')
    return isPairs
      ? [wsname, { altname: symbol.replace('-', ''), wsname, status: 'online' }]
      : [wsname, { a: [price, '1'], b: [price, '1'], c: [price, '1'], v: ['1', volume] }]
  })
  return JSON.stringify({ error: [], result: Object.fromEntries(pairs) })
}

function idOf(aggregator: 'COINGECKO' | 'COINPAPRIKA', symbol: MarketSymbol): string {
  const base = baseOf(symbol)
  return aggregators[aggregator].coins[base] ?? base.toLowerCase()
}

function configOf(url: string, options: StageOptions): Config {
  const symbols = options.symbols ?? ['BTC-USD', 'ETH-USD', 'USDT-USD', 'BTC-USDT']
  const coins = Object.fromEntries(
    symbols.filter((symbol) => quoteOf(symbol) === 'USD').map((symbol) => [baseOf(symbol), null]),
  )
  const ids = (source: 'COINGECKO' | 'COINPAPRIKA') =>
    Object.fromEntries(Object.keys(coins).map((base) => [base, idOf(source, `${base}-USD`)]))
  const at = (source: Source) => `${url}/${source.toLowerCase()}`
  return {
    symbols,
    hotSymbols: options.hotSymbols ?? [],
    sources: {
      BINANCE: { isEnabled: false },
      OKX: { isEnabled: false },
      // Nothing listens there: these tests stream nothing.
      COINBASE: { isEnabled: true, rest_url: at('COINBASE'), ws_url: 'ws://127.0.0.1:9' },
      KRAKEN: {
        isEnabled: true,
        rest_url: at('KRAKEN'),
        futures_rest_url: at('KRAKEN'),
        ws_url: 'ws://127.0.0.1:9',
      },
      COINGECKO: { isEnabled: true, rest_url: at('COINGECKO'), coins: ids('COINGECKO') },
      COINPAPRIKA: { isEnabled: true, rest_url: at('COINPAPRIKA'), coins: ids('COINPAPRIKA') },
    },
    authority: {
      microstructure: ['COINBASE', 'KRAKEN'],
      pricePrimary: ['COINGECKO', 'COINPAPRIKA'],
      priceFallback: ['COINBASE', 'KRAKEN'],
      derivatives: ['KRAKEN'],
    },
    reconciliation: {
      method: 'TRIMMED_MEDIAN',
      maxDeviation: 0.01,
      maxVolumeDeviation: 0.15,
      minSources: 2,
      confidenceThreshold: 0.7,
      trimPercent: 0.1,
      quoteProxies: { USD: ['USDT', 'USDC'] },
    },
    circuitBreaker: { failureThreshold: 5, recoveryTimeoutMs: 60_000, halfOpenRequests: 3 },
    redis: { url: null, prefix: 'test:', poolSize: 1, maxRetries: 1 },
    ttlSeconds: {
      prices_hot: 5,
      prices_warm: 30,
      volumes_vadr: 120,
      depth_spread: 15,
      trades: 10,
      funding_rates: 300,
      open_interest: 300,
    },
    snapshots: { isEnabled: true, retentionMs: 86_400_000 },
    coingeckoApiKey: null,
    port: 0,
    host: '127.0.0.1',
    logLevel: 'silent',
    isSimulated: true,
  }
}
