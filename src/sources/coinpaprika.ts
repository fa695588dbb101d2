/**
 * CoinPaprika: prices and day volumes averaged over many exchanges, by coin id, refreshed every few minutes.
 * Hides that one call brings every coin it has, and bare numbers with float noise, kept as sent.
 *
 * https://api.coinpaprika.com/#tag/Tickers
 */
import { z } from 'zod'
import { quoteOf } from '../domain/market.ts'
import type { Listing } from '../domain/market.ts'
import { instantOf, isObject, parseKeepingDigits, plainDigits, positiveDigits } from '../wire/json.ts'
import { readReply } from '../wire/reply.ts'
import type { Failure, Request } from '../wire/request.ts'
import type { AggregatorSource, QuoteReading } from './source.ts'

export const coinpaprika: AggregatorSource = {
  id: 'COINPAPRIKA',
  docs: 'https://api.coinpaprika.com',
  // Ten a second; what really binds is 20,000 a month, for which configuration sets the pace.
  budget: { unitsPerMinute: 600 },
  defaults: { rest_url: 'https://api.coinpaprika.com/v1' },
  coins: {
    BTC: 'btc-bitcoin',
    ETH: 'eth-ethereum',
    SOL: 'sol-solana',
    XRP: 'xrp-xrp',
    ADA: 'ada-cardano',
    DOGE: 'doge-dogecoin',
    LTC: 'ltc-litecoin',
    LINK: 'link-chainlink',
    DOT: 'dot-polkadot',
    AVAX: 'avax-avalanche',
    UNI: 'uni-uniswap',
    ATOM: 'atom-cosmos',
    XLM: 'xlm-stellar',
    ETC: 'etc-ethereum-classic',
    FIL: 'fil-filecoin',
    AAVE: 'aave-new',
    BCH: 'bch-bitcoin-cash',
    NEAR: 'near-near-protocol',
    ALGO: 'algo-algorand',
    ICP: 'icp-internet-computer',
    APT: 'apt-aptos',
    ARB: 'arb-arbitrum',
    OP: 'op-optimism',
    SUI: 'sui-sui',
    INJ: 'inj-injective-protocol',
    TRX: 'trx-tron',
    SHIB: 'shib-shiba-inu',
    PEPE: 'pepe-pepe',
    CRV: 'crv-curve-dao-token',
    GRT: 'grt-the-graph',
    USDT: 'usdt-tether',
    USDC: 'usdc-usd-coin',
  },
  quotes,
}

function quotes(listings: readonly Listing[]): readonly Request<readonly QuoteReading[]>[] {
  const inDollars = listings.filter(({ symbol }) => quoteOf(symbol) === 'USD')
  if (inDollars.length === 0) return []
  return [
    {
      host: 'rest',
      path: '/tickers?quotes=USD',
      weight: 1,
      read: (reply) =>
        readReply(reply, {
          parse: (text) => parseKeepingDigits(text, ['price', 'volume_24h']),
          shape: z.array(z.unknown()),
          refusal,
          take: (rows) => quotesFrom(rows, inDollars),
        }),
    },
  ]
}

/** `{"id":"btc-bitcoin","last_updated":"2026-09-29T16:35:16Z","quotes":{"USD":{"price":83170.52587495063,"volume_24h":22931377005.3696}}}` */
const coin = z.object({
  last_updated: z.string().nullish(),
  quotes: z.object({ USD: z.object({ price: z.string().nullish(), volume_24h: z.string().nullish() }) }),
})

/** Of two thousand rows only the asked ones are looked into. */
function quotesFrom(rows: readonly unknown[], listings: readonly Listing[]): readonly QuoteReading[] {
  const byId = new Map(rows.filter(isObject).map((row) => [row['id'], row]))
  return listings.flatMap((listing) => {
    const row = coin.safeParse(byId.get(listing.spelling))
    if (!row.success) return []
    const { last_updated: at, quotes } = row.data
    return [
      {
        symbol: listing.symbol,
        price: positiveDigits(quotes.USD.price),
        volume24h: plainDigits(quotes.USD.volume_24h),
        volumeUnit: 'USD',
        observedAt: typeof at === 'string' ? instantOf(at) : null,
      },
    ]
  })
}

/** `{"error":"id not found"}`; `{"error":"you have reached maximum request limit"}` */
function refusal(body: unknown, status: number): Failure | null {
  if (!isObject(body) || typeof body['error'] !== 'string') return null
  const message = `${status} ${body['error']}`.slice(0, 200)
  if (/maximum request limit/i.test(body['error'])) return { reason: 'RATE_LIMITED', message }
  return { reason: status === 404 ? 'NOT_LISTED' : 'UNAVAILABLE', message }
}
