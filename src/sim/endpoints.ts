/** Local ports in the words of the configuration: each source's base URLs, up to where its documented paths begin. */
import type { Source } from '../domain/market.ts'

export interface SimEndpoints {
  readonly rest_url: string
  readonly futures_rest_url?: string
  readonly ws_url?: string
  readonly business_ws_url?: string
}

export type SourceKey = 'binance' | 'okx' | 'coinbase' | 'kraken' | 'coingecko' | 'coinpaprika'

export function endpointsOf(
  host: string,
  portOf: (source: Source) => number,
): Readonly<Record<SourceKey, SimEndpoints>> {
  const http = (source: Source): string => `http://${host}:${portOf(source)}`
  const ws = (source: Source): string => `ws://${host}:${portOf(source)}`
  return {
    binance: { rest_url: http('BINANCE'), futures_rest_url: http('BINANCE'), ws_url: ws('BINANCE') },
    okx: {
      rest_url: http('OKX'),
      ws_url: `${ws('OKX')}/ws/v5/public`,
      business_ws_url: `${ws('OKX')}/ws/v5/business`,
    },
    coinbase: { rest_url: `${http('COINBASE')}/api/v3/brokerage/market`, ws_url: ws('COINBASE') },
    kraken: {
      rest_url: `${http('KRAKEN')}/0/public`,
      futures_rest_url: `${http('KRAKEN')}/derivatives/api/v3`,
      ws_url: `${ws('KRAKEN')}/v2`,
    },
    coingecko: { rest_url: `${http('COINGECKO')}/api/v3` },
    coinpaprika: { rest_url: `${http('COINPAPRIKA')}/v1` },
  }
}
