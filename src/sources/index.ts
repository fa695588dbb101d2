/** Every source there is. A new one is one line here. */
import type { Aggregator, Venue } from '../domain/market.ts'
import { binance } from './binance.ts'
import { coinbase } from './coinbase.ts'
import { coingecko } from './coingecko.ts'
import { coinpaprika } from './coinpaprika.ts'
import { kraken } from './kraken.ts'
import { okx } from './okx.ts'
import type { AggregatorSource, VenueSource } from './source.ts'

export const venues: Readonly<Record<Venue, VenueSource>> = {
  BINANCE: binance,
  OKX: okx,
  COINBASE: coinbase,
  KRAKEN: kraken,
}

export const aggregators: Readonly<Record<Aggregator, AggregatorSource>> = {
  COINGECKO: coingecko,
  COINPAPRIKA: coinpaprika,
}
