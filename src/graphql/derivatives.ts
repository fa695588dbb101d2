/** Perpetual swaps in the schema: funding and open interest, each from the venue itself. Asked through `Market`. */
import type * as domain from '../domain/answer.ts'
import { Attribution } from './attribution.ts'
import { builder } from './builder.ts'
import { DerivativesVenueWord } from './words.ts'

const INSTRUMENT = 'What the venue calls the perpetual: `"BTCUSDT"`, `"BTC-USDT-SWAP"`, `"PF_XBTUSD"`.'

export const Funding = builder.objectRef<domain.Funding>('Funding').implement({
  description: 'What longs pay shorts (or, below zero, shorts pay longs) for holding the perpetual.',
  fields: (t) => ({
    symbol: t.expose('symbol', { type: 'Symbol', description: 'The spot market it follows.' }),
    venue: t.expose('venue', { type: DerivativesVenueWord }),
    instrument: t.exposeString('instrument', { description: INSTRUMENT }),
    rate: t.expose('rate', {
      type: 'Decimal',
      description: 'A fraction of the position, paid once per interval: `"0.0001"` means one basis point.',
    }),
    intervalHours: t.exposeFloat('intervalHours', { description: 'Hours between two payments.' }),
    nextFundingAt: t.expose('nextFundingAt', {
      type: 'DateTime',
      nullable: true,
      description: 'The next payment; null where the venue does not tell.',
    }),
    markPrice: t.expose('markPrice', {
      type: 'Decimal',
      nullable: true,
      description: "The venue's mark price, if it sends one.",
    }),
    indexPrice: t.expose('indexPrice', {
      type: 'Decimal',
      nullable: true,
      description: "The venue's index price, if it sends one.",
    }),
    observedAt: t.expose('observedAt', { type: 'DateTime', description: "The venue's own stamp." }),
    attribution: t.expose('attribution', { type: Attribution }),
  }),
})

export const OpenInterest = builder.objectRef<domain.OpenInterest>('OpenInterest').implement({
  description: 'How much is held open in the perpetual.',
  fields: (t) => ({
    symbol: t.expose('symbol', { type: 'Symbol', description: 'The spot market it follows.' }),
    venue: t.expose('venue', { type: DerivativesVenueWord }),
    instrument: t.exposeString('instrument', { description: INSTRUMENT }),
    value: t.expose('value', {
      type: 'Decimal',
      description: 'Counted in the base currency, whatever the venue counts in.',
    }),
    observedAt: t.expose('observedAt', { type: 'DateTime', description: "The venue's own stamp." }),
    attribution: t.expose('attribution', { type: Attribution }),
  }),
})
