/** Two readings of one venue's activity: what rests in its book, and how its volume surges. Asked through `Market`. */
import type * as domain from '../domain/answer.ts'
import { Attribution } from './attribution.ts'
import { builder } from './builder.ts'
import { VenueWord } from './words.ts'

export const Liquidity = builder.objectRef<domain.Liquidity>('Liquidity').implement({
  description:
    'The spread of one book, and what rests in it no further than `withinPercent` from mid, the edge included. ' +
    'Depths are price times size, in the quote currency.',
  fields: (t) => ({
    symbol: t.expose('symbol', { type: 'Symbol' }),
    venue: t.expose('venue', { type: VenueWord }),
    mid: t.expose('mid', { type: 'Decimal', description: 'Half way between best bid and best ask.' }),
    spreadBps: t.exposeFloat('spreadBps', { description: 'Best ask less best bid, in basis points of mid.' }),
    withinPercent: t.exposeFloat('withinPercent', { description: 'The distance asked for, in percent.' }),
    bidDepth: t.expose('bidDepth', {
      type: 'Decimal',
      description: 'Resting to buy, in the quote currency.',
    }),
    askDepth: t.expose('askDepth', {
      type: 'Decimal',
      description: 'Resting to sell, in the quote currency.',
    }),
    balance: t.exposeFloat('balance', { description: 'The part of both depths that is bids: 0 to 1.' }),
    isComplete: t.exposeBoolean('isComplete', {
      description:
        'False where the book ends before `withinPercent` on some side; more may rest beyond, and the depths are the least there is.',
    }),
    attribution: t.expose('attribution', { type: Attribution }),
  }),
})

export const Vadr = builder.objectRef<domain.Vadr>('Vadr').implement({
  description:
    'Volume against its daily rhythm at one venue: what the last full hour traded, divided by the mean of the full ' +
    'hours before it, of which up to 168 are taken. With fewer than 20 of them it is frozen and has no value.',
  fields: (t) => ({
    symbol: t.expose('symbol', { type: 'Symbol' }),
    venue: t.expose('venue', { type: VenueWord }),
    value: t.exposeFloat('value', {
      nullable: true,
      description: 'A ratio: 1 is an hour like the others, 2 one with twice their volume.',
    }),
    isFrozen: t.exposeBoolean('isFrozen', { description: 'True where there is too little history.' }),
    hours: t.exposeInt('hours', { description: 'Full hours of history it rests on.' }),
    attribution: t.expose('attribution', { type: Attribution }),
  }),
})
