/**
 * What is needed of the configured markets, and what of a source's list stands for them: stand-ins in another
 * currency and the rates between, an aggregator's coins, one perpetual each. Pure.
 */
import type { Config } from '../config.ts'
import { baseOf, quoteOf } from '../domain/market.ts'
import type { Aggregator, Listing, MarketSymbol, Perpetual } from '../domain/market.ts'

/** Symbols another one is priced through: `["BTC-USDT", "BTC-USDC"]` for `BTC-USD`. */
export function proxies(config: Config, symbol: MarketSymbol): readonly MarketSymbol[] {
  const quotes = config.reconciliation.quoteProxies[quoteOf(symbol)] ?? []
  return quotes.filter((quote) => quote !== baseOf(symbol)).map((quote) => `${baseOf(symbol)}-${quote}`)
}

/** The configured symbols, those they are priced through, and the rates between. */
export function neededSymbols(
  config: Config,
  proxiesOf: ReadonlyMap<MarketSymbol, readonly MarketSymbol[]>,
): ReadonlySet<MarketSymbol> {
  const needed = new Set<MarketSymbol>(config.symbols)
  for (const [symbol, through] of proxiesOf) {
    for (const proxy of through) needed.add(proxy).add(`${quoteOf(proxy)}-${quoteOf(symbol)}`)
  }
  return needed
}

/** One stand-in each is enough: a venue that lists neither dollars nor tether is not known. */
export function streamedSymbols(
  config: Config,
  proxiesOf: ReadonlyMap<MarketSymbol, readonly MarketSymbol[]>,
): ReadonlySet<MarketSymbol> {
  const streamed = new Set<MarketSymbol>(config.hotSymbols)
  for (const symbol of config.hotSymbols) {
    const [proxy] = proxiesOf.get(symbol) ?? []
    if (proxy !== undefined) streamed.add(proxy).add(`${quoteOf(proxy)}-${quoteOf(symbol)}`)
  }
  return streamed
}

export function coinListings(
  source: Aggregator,
  coins: Readonly<Record<string, string>>,
  needed: ReadonlySet<MarketSymbol>,
): readonly Listing[] {
  const rows: Listing[] = []
  for (const symbol of needed) {
    const spelling = Object.hasOwn(coins, baseOf(symbol)) ? coins[baseOf(symbol)] : undefined
    if (spelling !== undefined && quoteOf(symbol) === 'USD') rows.push({ source, symbol, spelling })
  }
  return rows
}

/** For each symbol its own perpetual, or one in a proxy quote; one that counts in coins before one in dollars. */
export function chosenPerpetuals(config: Config, rows: readonly Perpetual[]): readonly Perpetual[] {
  const bySymbol = new Map<MarketSymbol, Perpetual>()
  for (const row of rows) {
    const other = bySymbol.get(row.symbol)
    if (other === undefined || (other.isInverse && !row.isInverse)) bySymbol.set(row.symbol, row)
  }
  return config.symbols.flatMap((symbol) => {
    for (const name of [symbol, ...proxies(config, symbol)]) {
      const found = bySymbol.get(name)
      if (found !== undefined) return [{ ...found, symbol }]
    }
    return []
  })
}

/** The same instrument may stand for two symbols; the venue is asked for it once. */
export function distinct(rows: readonly Perpetual[]): readonly Perpetual[] {
  return [...new Map(rows.map((row) => [row.instrument, row])).values()]
}
