/** CoinGecko and CoinPaprika as they answer: prices over all venues, a while old, by coin id. Both look at the same market, neither quite the same way. */
import { chance, seedOf } from './random.ts'
import { baseOf } from '../domain/market.ts'
import type { Aggregator } from '../domain/market.ts'
import { notFound } from './site.ts'
import type { Answered, Asked, RestSide, Site } from './site.ts'

/** How often the source looks. */
const REFRESH_MS: Readonly<Record<Aggregator, number>> = { COINGECKO: 5_000, COINPAPRIKA: 10_000 }

interface Seen {
  readonly price: number
  readonly volume: number
  readonly at: number
}

function seenBy(site: Site, source: Aggregator, base: string): Seen {
  const at = Math.floor(site.now() / REFRESH_MS[source]) * REFRESH_MS[source]
  const drawn = seedOf(5, `${source} ${base}`)
  const symbol = `${base}-USD`
  const outlier = site.faults.find('outlier', source, symbol)
  const factor = outlier?.command.kind === 'outlier' ? outlier.command.factor : 1
  const drift = 1 + (chance(drawn, at / 1000) - 0.5) * 0.0003
  const taste = 1 + (chance(drawn, 1) - 0.5) * 0.04
  const price = site.world.price(symbol, at) * drift * factor
  return {
    price,
    volume: site.world.volume24h(base, at) * price * taste,
    at: at + (site.time() - site.now()),
  }
}

const basesOf = (site: Site): readonly string[] => [...new Set(site.symbols.map(baseOf))]

export function coingeckoRest(site: Site): RestSide {
  const byId = new Map(basesOf(site).map((base) => [site.world.coin(base).geckoId, base]))
  return {
    errorBody: (status) => ({
      status: {
        error_code: status,
        error_message:
          status === 429
            ? "You've exceeded the Rate Limit. Please visit https://www.coingecko.com/en/api/pricing to subscribe to our API plans for higher rate limits."
            : 'Service unavailable',
      },
    }),
    answer: (asked) => {
      switch (asked.path) {
        case '/api/v3/ping':
          return { body: { gecko_says: '(V3) To the Moon!' } }
        case '/api/v3/simple/price':
          return simplePrice(site, asked, byId)
        case '/api/v3/coins/markets':
          return coinsMarkets(site, asked, byId)
        case '/api/v3/coins/list':
          return {
            body: [...byId].map(([id, base]) => ({
              id,
              symbol: base.toLowerCase(),
              name: site.world.coin(base).name,
            })),
          }
        default:
          return {
            status: 404,
            body: { error: 'Incorrect path. Please check https://www.coingecko.com/api/' },
          }
      }
    },
  }
}

const missing = (parameter: string): Answered => ({
  status: 422,
  body: { error: `Missing parameter ${parameter}` },
})

/** Ids it does not know it leaves out without a word, those after a space among them. */
function simplePrice(site: Site, { query }: Asked, byId: ReadonlyMap<string, string>): Answered {
  const ids = query.get('ids')
  const currencies = query.get('vs_currencies')
  if (ids === null) return missing('ids')
  if (currencies === null) return missing('vs_currencies')
  const body: Record<string, Record<string, number>> = {}
  for (const id of ids.split(',')) {
    const base = byId.get(id)
    if (base === undefined) continue
    const { price, volume, at } = seenBy(site, 'COINGECKO', base)
    const row: Record<string, number> = {}
    if (currencies.split(',').includes('usd')) {
      row['usd'] = query.get('precision') === 'full' ? price : Number(price.toPrecision(6))
      if (query.get('include_24hr_vol') === 'true') row['usd_24h_vol'] = volume
      if (query.get('include_24hr_change') === 'true') row['usd_24h_change'] = 0.8
    }
    if (query.get('include_last_updated_at') === 'true') row['last_updated_at'] = Math.floor(at / 1000)
    body[id] = row
  }
  return { headers: { 'cache-control': 'public, max-age=30' }, body }
}

function coinsMarkets(site: Site, { query }: Asked, byId: ReadonlyMap<string, string>): Answered {
  if (query.get('vs_currency') === null) return missing('vs_currency')
  const ids = query.get('ids')?.split(',') ?? [...byId.keys()]
  const size = Math.min(250, Number(query.get('per_page') ?? 100))
  const page = Number(query.get('page') ?? 1)
  const known = ids.filter((id) => byId.has(id)).slice((page - 1) * size, page * size)
  return {
    headers: { 'cache-control': 'public, max-age=30' },
    body: known.map((id, index) => {
      const base = byId.get(id)!
      const { price, volume, at } = seenBy(site, 'COINGECKO', base)
      return {
        id,
        symbol: base.toLowerCase(),
        name: site.world.coin(base).name,
        image: '',
        current_price: price,
        market_cap: Math.round(volume * 30),
        market_cap_rank: index + 1,
        fully_diluted_valuation: null,
        total_volume: volume,
        high_24h: price * 1.01,
        low_24h: price * 0.99,
        price_change_24h: 0,
        price_change_percentage_24h: 0.8,
        circulating_supply: 1e9,
        total_supply: null,
        max_supply: null,
        roi: null,
        last_updated: new Date(at).toISOString(),
      }
    }),
  }
}

export function coinpaprikaRest(site: Site): RestSide {
  const byId = new Map(basesOf(site).map((base) => [site.world.coin(base).paprikaId, base]))
  return {
    errorBody: (status) => ({
      error: status === 429 ? 'you have reached maximum request limit' : 'internal server error',
    }),
    answer: ({ path, query }) => {
      if (path === '/v1/tickers') {
        const limit = Number(query.get('limit') ?? 2000)
        return {
          body: [...byId]
            .slice(0, limit)
            .map(([id, base], index) => paprikaTicker(site, { id, base, rank: index + 1 })),
        }
      }
      if (!path.startsWith('/v1/tickers/')) return notFound
      const id = decodeURIComponent(path.slice('/v1/tickers/'.length))
      const base = byId.get(id)
      return base === undefined
        ? { status: 404, body: { error: 'id not found' } }
        : { body: paprikaTicker(site, { id, base, rank: 1 }) }
    },
  }
}

function paprikaTicker(
  site: Site,
  { id, base, rank }: { readonly id: string; readonly base: string; readonly rank: number },
): unknown {
  const { price, volume, at } = seenBy(site, 'COINPAPRIKA', base)
  return {
    id,
    name: site.world.coin(base).name,
    symbol: base,
    rank,
    total_supply: 20_091_181,
    max_supply: 0,
    beta_value: 1.02873,
    first_data_at: '2010-07-17T00:00:00Z',
    last_updated: new Date(at).toISOString().replace(/\.\d+Z/, 'Z'),
    quotes: {
      USD: {
        price,
        volume_24h: volume,
        volume_24h_change_24h: -23.739999771118164,
        market_cap: Math.round(volume * 30),
        market_cap_change_24h: -0.800000011920929,
        percent_change_1h: 0.07,
        percent_change_24h: 0.8,
        percent_change_7d: -3.93,
        percent_change_30d: 0,
        percent_change_1y: 0,
        ath_price: price * 2,
        ath_date: '2025-10-06T19:00:40Z',
        percent_from_price_ath: -34.09,
      },
    },
  }
}
