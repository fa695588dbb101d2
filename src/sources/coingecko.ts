/**
 * CoinGecko: prices and day volumes averaged over many exchanges, by coin id. Hides ids that are silently left
 * out, bare numbers and three ways to write an error.
 *
 * https://docs.coingecko.com/reference/simple-price
 */
import { z } from 'zod'
import { quoteOf } from '../domain/market.ts'
import type { Listing } from '../domain/market.ts'
import { isObject, parseKeepingDigits, plainDigits, positiveDigits } from '../wire/json.ts'
import { inGroups, readReply } from '../wire/reply.ts'
import type { Failure, Request } from '../wire/request.ts'
import type { AggregatorSource, QuoteReading } from './source.ts'

export const coingecko: AggregatorSource = {
  id: 'COINGECKO',
  docs: 'https://docs.coingecko.com',
  // With a demo key; without one the address shares 5 to 15 with its neighbours, and configuration narrows it.
  budget: { unitsPerMinute: 100 },
  defaults: { rest_url: 'https://api.coingecko.com/api/v3' },
  coins: {
    BTC: 'bitcoin',
    ETH: 'ethereum',
    SOL: 'solana',
    XRP: 'ripple',
    ADA: 'cardano',
    DOGE: 'dogecoin',
    LTC: 'litecoin',
    LINK: 'chainlink',
    DOT: 'polkadot',
    AVAX: 'avalanche-2',
    UNI: 'uniswap',
    ATOM: 'cosmos',
    XLM: 'stellar',
    ETC: 'ethereum-classic',
    FIL: 'filecoin',
    AAVE: 'aave',
    BCH: 'bitcoin-cash',
    NEAR: 'near',
    ALGO: 'algorand',
    ICP: 'internet-computer',
    APT: 'aptos',
    ARB: 'arbitrum',
    OP: 'optimism',
    SUI: 'sui',
    INJ: 'injective-protocol',
    TRX: 'tron',
    SHIB: 'shiba-inu',
    PEPE: 'pepe',
    CRV: 'curve-dao-token',
    GRT: 'the-graph',
    USDT: 'tether',
    USDC: 'usd-coin',
  },
  quotes,
}

const IDS_PER_REQUEST = 200
const FIELDS = 'vs_currencies=usd&include_24hr_vol=true&include_last_updated_at=true&precision=full'

function quotes(
  listings: readonly Listing[],
  { apiKey }: { readonly apiKey?: string },
): readonly Request<readonly QuoteReading[]>[] {
  const inDollars = listings.filter(({ symbol }) => quoteOf(symbol) === 'USD')
  return inGroups(inDollars, IDS_PER_REQUEST).map((group) => ({
    host: 'rest',
    // Commas without a space: with one, the second id is lost.
    path: `/simple/price?ids=${group.map(({ spelling }) => encodeURIComponent(spelling)).join(',')}&${FIELDS}`,
    ...(apiKey === undefined || apiKey === '' ? {} : { headers: { 'x-cg-demo-api-key': apiKey } }),
    weight: 1,
    read: (reply) =>
      readReply(reply, {
        parse: (text) => parseKeepingDigits(text, ['usd', 'usd_24h_vol']),
        shape: z.record(z.string(), z.unknown()),
        refusal,
        take: (coins) => group.flatMap((listing) => quoteFrom(coins, listing)),
      }),
  }))
}

/** `{"bitcoin":{"usd":67187.3358936566,"usd_24h_vol":29096603418.89408,"last_updated_at":1711356300}}`, seconds. */
const coin = z.object({
  usd: z.string().nullish(),
  usd_24h_vol: z.string().nullish(),
  last_updated_at: z.int().nullish(),
})

/** An id it does not know is simply not in the reply. */
function quoteFrom(coins: Readonly<Record<string, unknown>>, listing: Listing): readonly QuoteReading[] {
  const row = coin.safeParse(Object.hasOwn(coins, listing.spelling) ? coins[listing.spelling] : null)
  if (!row.success) return []
  const { usd, usd_24h_vol: volume, last_updated_at: at } = row.data
  return [
    {
      symbol: listing.symbol,
      price: positiveDigits(usd),
      volume24h: plainDigits(volume),
      volumeUnit: 'USD',
      observedAt: typeof at === 'number' ? at * 1000 : null,
    },
  ]
}

/** `{"error":"…"}`, `{"status":{"error_code":429,"error_message":"…"}}` or `{"status":500,"error":"…"}`. */
function refusal(body: unknown, httpStatus: number): Failure | null {
  if (!isObject(body)) return null
  const status = isObject(body['status']) ? body['status'] : null
  if (status === null && typeof body['error'] !== 'string') return null
  const code = status === null ? httpStatus : status['error_code']
  const message = `${String(code)} ${String(status === null ? body['error'] : status['error_message'])}`
  return { reason: code === 429 ? 'RATE_LIMITED' : 'UNAVAILABLE', message: message.slice(0, 200) }
}
