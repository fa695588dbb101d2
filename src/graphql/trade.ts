/** Trades in the schema: only ever live, only ever from the venue they printed at. */
import type * as domain from '../domain/answer.ts'
import { Attribution } from './attribution.ts'
import { streamedBound, venuesBound } from './bounds.ts'
import { builder } from './builder.ts'
import { live } from './live.ts'
import { SideWord, VenueWord } from './words.ts'

const Trade = builder.objectRef<domain.Trade>('Trade').implement({
  description: 'One print at one venue.',
  fields: (t) => ({
    id: t.exposeID('id', {
      description: "The venue's own id. Two trades of one venue and symbol never share it.",
    }),
    symbol: t.expose('symbol', { type: 'Symbol' }),
    venue: t.expose('venue', { type: VenueWord }),
    price: t.expose('price', { type: 'Decimal', description: 'In the quote currency.' }),
    size: t.expose('size', { type: 'Decimal', description: 'In the base currency.' }),
    takerSide: t.expose('takerSide', {
      type: SideWord,
      description: 'What the one who crossed the spread did.',
    }),
    executedAt: t.expose('executedAt', { type: 'DateTime', description: "By the venue's clock." }),
    receivedAt: t.expose('receivedAt', { type: 'DateTime', description: 'By ours.' }),
    sequence: t.exposeFloat('sequence', {
      description:
        'Our own count per venue and symbol, one more each time. A number left out is a trade that did not reach this reader.',
    }),
    cursor: t.exposeString('cursor', {
      description: 'Given back as `after`, the stream goes on with what follows.',
    }),
    attribution: t.expose('attribution', { type: Attribution }),
  }),
})

builder.subscriptionField('trades', (t) =>
  t.field({
    type: Trade,
    description:
      'Every trade as it happens. With `after`, it goes on behind that trade without loss or repetition, or fails with ' +
      'RESUME_EXPIRED. A reader that stays behind is let go with SLOW_CONSUMER.',
    args: {
      symbols: t.arg({ type: ['Symbol'], required: true, description: '1 to 500.' }),
      venues: t.arg({ type: [VenueWord], description: 'Left out: all that are allowed.' }),
      after: t.arg.string({ description: 'The `cursor` of the last trade that was seen.' }),
    },
    subscribe: (_root, { symbols, venues, after }, { facade }) =>
      live(
        facade.hot.trades({
          symbols: streamedBound('symbols', symbols),
          venues: venuesBound(venues),
          after: after ?? null,
        }),
      ),
    resolve: (trade) => trade,
  }),
)
