import { describe, expect, it } from 'vitest'
import { reconcile } from '../../src/domain/reconcile.ts'
import type { Claim, Policy } from '../../src/domain/reconcile.ts'
import * as text from '../../src/domain/text.ts'
import { NOW, claim, policy } from '../support/claims.ts'

const order = ['COINGECKO', 'COINBASE', 'KRAKEN', 'BINANCE', 'OKX', 'COINPAPRIKA'] as const
const price = (heard: readonly Claim[], rules: Partial<Policy> = {}) =>
  text.priceText(reconcile(heard, policy({ order, ...rules })))
const three = [claim('COINGECKO', '100'), claim('COINBASE', '100'), claim('KRAKEN', '100')]

describe('what a reconciled price says about itself', () => {
  it('names who it is from and who was dropped', () => {
    expect(price([...three, claim('COINPAPRIKA', '101.8')])).toBe(
      'Median of CoinGecko, Coinbase and Kraken; CoinPaprika dropped, 1.80 % from the median (limit 1 %)',
    )
    expect(price(three, { method: 'TRIMMED_MEAN' })).toBe('Trimmed mean of CoinGecko, Coinbase and Kraken')
    expect(price([claim('KRAKEN', '1')], { minSources: 1 })).toBe('Kraken alone')
  })

  it('says why others are missing, together where the reason is one', () => {
    const silent = { observedAt: null, receivedAt: null }
    expect(
      price([
        ...three,
        claim('BINANCE', null, { failure: 'NOT_LISTED', ...silent }),
        claim('OKX', null, { failure: 'NOT_LISTED', ...silent }),
        claim('COINPAPRIKA', '100', { observedAt: NOW - 600_000 }),
      ]),
    ).toBe(
      'Median of CoinGecko, Coinbase and Kraken; Binance and OKX dropped, market not listed; CoinPaprika dropped, too old',
    )
  })

  it('says that a dropped source must come closer to return', () => {
    expect(price([...three, claim('OKX', '100.8')], { wasDropped: ['OKX'] })).toBe(
      'Median of CoinGecko, Coinbase and Kraken; OKX still dropped, 0.80 % from the median (back within 0.5 %)',
    )
  })

  it('says when two aggregators share a vote, and that hot symbols want more', () => {
    const both = [claim('COINGECKO', '100'), claim('COINPAPRIKA', '100')]
    const shared = 'CoinGecko and CoinPaprika share one vote, as they average the same exchanges'
    expect(price(both)).toBe(`Median of CoinGecko and CoinPaprika; ${shared}`)
    expect(price(both, { isHot: true })).toBe(
      `Median of CoinGecko and CoinPaprika, degraded: no exchange confirms it; ${shared}`,
    )
  })

  it('says what was converted, and at which rate', () => {
    const conversion = { symbol: 'USDT-USD', rate: '0.9998' }
    expect(
      price([
        claim('COINBASE', '100'),
        claim('BINANCE', '100', { conversion }),
        claim('OKX', '100', { conversion }),
      ]),
    ).toBe('Median of Coinbase, Binance and OKX; Binance and OKX converted from USDT at 0.9998 USD')
  })

  it('says why there is none', () => {
    expect(price([claim('COINBASE', '100'), claim('KRAKEN', '102.1')])).toBe(
      'No price: Coinbase says 100, Kraken says 102.1; more than 1 % apart and no third to decide',
    )
    expect(price([claim('COINBASE', '100'), claim('KRAKEN', '100.7')])).toBe(
      'No price: Coinbase and Kraken agree too loosely (confidence 0.60, at least 0.7 wanted)',
    )
    expect(price([claim('COINBASE', '45000'), claim('KRAKEN', '50000'), claim('OKX', '40000')])).toBe(
      'No price: only Coinbase left, 2 wanted; Kraken and OKX dropped, 11.11 % from the median (limit 1 %)',
    )
    expect(price([])).toBe('No price: no source left, 2 wanted')
  })

  it('says when it is past its time', () => {
    expect(text.staleText(price(three), 45_400)).toBe(
      'Median of CoinGecko, Coinbase and Kraken; stale: 45 s old, served because every source failed',
    )
  })
})

describe('what every other answer says about itself', () => {
  it('is one sentence', () => {
    const said = reconcile([claim('COINGECKO', '5')], policy())
    expect([
      text.volumeText(said),
      text.volumeSumText(['COINBASE', 'KRAKEN']),
      text.klineText({ interval: 'H1', sources: ['BINANCE', 'KRAKEN'], nodes: 500, rejected: 1 }),
      text.klineText({ interval: 'D1', sources: [], nodes: 0, rejected: 0 }),
      text.bookText({ venue: 'KRAKEN', state: 'LIVE' }),
      text.bookText({ venue: 'KRAKEN', state: 'RESYNCING' }),
      text.bookText({ venue: 'KRAKEN', state: 'STALE' }),
      text.consolidatedBookText({
        venues: ['COINBASE', 'KRAKEN'],
        excluded: [{ venue: 'OKX', reason: 'STALE' }],
      }),
      text.consolidatedBookText({ venues: [], excluded: [] }),
      text.tradeText('OKX'),
      text.barText({ venue: 'OKX', interval: 'M1', isClosed: false }),
      text.barText({ venue: 'OKX', interval: 'M1', isClosed: true }),
      text.liquidityText({ venue: 'BINANCE', withinPercent: 2, isComplete: true }),
      text.liquidityText({ venue: 'BINANCE', withinPercent: 0.5, isComplete: false }),
      text.vadrText({ venue: 'COINBASE', hours: 168, isFrozen: false }),
      text.vadrText({ venue: 'COINBASE', hours: 19, isFrozen: true }),
      text.fundingText({ venue: 'OKX', instrument: 'BTC-USDT-SWAP' }),
      text.openInterestText({ venue: 'KRAKEN', instrument: 'PF_XBTUSD' }),
    ]).toEqual([
      'No 24 h volume: only CoinGecko left, 2 wanted',
      'Sum of the 24 h volume of Coinbase and Kraken: their own markets only, no agreed figure over all venues',
      'Open, high, low and close of 500 candles (H1) agreed between Binance and Kraken, volume added up; 1 candle refused for lack of agreement',
      'No D1 candle agreed',
      'Kraken order book, in step with the venue',
      'Kraken order book after a gap, waiting for a new snapshot',
      'Kraken order book as last seen, the venue is disconnected or silent',
      'Order books of Coinbase and Kraken merged by price; OKX left out, too old',
      'No live order book',
      'Trade as printed by OKX',
      'M1 bar from the trades of OKX, still open',
      'M1 bar from the trades of OKX, closed',
      'Spread and depth within ±2 % of mid, from the order book of Binance',
      'Spread and depth within ±0.5 % of mid, from the order book of Binance; the book ends before that, so the depths are lower bounds',
      'Last closed hour at Coinbase against the mean of the 168 hours before it',
      'Frozen: 19 closed hours with volume to compare with at Coinbase, 20 needed',
      'Funding of BTC-USDT-SWAP as published by OKX',
      'Open interest of PF_XBTUSD at Kraken, in base units',
    ])
  })
})
