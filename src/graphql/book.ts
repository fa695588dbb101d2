/** Order books in the schema: one venue's own, its changes, and all venues' merged. Live or asked once. */
import type * as domain from '../domain/answer.ts'
import { Attribution } from './attribution.ts'
import { depthBound, maxRateBound, venuesBound } from './bounds.ts'
import { builder } from './builder.ts'
import { unwrap } from './errors.ts'
import { live } from './live.ts'
import { BookChangeKindWord, DropReasonWord, FeedStateWord, VenueWord } from './words.ts'

const Level = builder.objectRef<domain.Level>('Level').implement({
  description: 'A price, and what rests at it.',
  fields: (t) => ({
    price: t.expose('price', { type: 'Decimal', description: 'In the quote currency.' }),
    size: t.expose('size', { type: 'Decimal', description: 'In the base currency.' }),
  }),
})

const Book = builder.objectRef<domain.Book>('Book').implement({
  description: "The top of one venue's order book, in the venue's own digits.",
  fields: (t) => ({
    symbol: t.expose('symbol', { type: 'Symbol' }),
    venue: t.expose('venue', { type: VenueWord }),
    state: t.expose('state', { type: FeedStateWord }),
    bids: t.expose('bids', { type: [Level], description: 'From the highest price down.' }),
    asks: t.expose('asks', { type: [Level], description: 'From the lowest price up.' }),
    mid: t.expose('mid', {
      type: 'Decimal',
      nullable: true,
      description: 'Half way between the best prices; null while a side is empty.',
    }),
    spread: t.expose('spread', {
      type: 'Decimal',
      nullable: true,
      description: 'Best ask less best bid, in the quote currency.',
    }),
    spreadBps: t.exposeFloat('spreadBps', {
      nullable: true,
      description: 'The same in basis points of mid.',
    }),
    sequence: t.exposeString('sequence', {
      nullable: true,
      description: "Where the venue's own numbering stands. Not for computing with.",
    }),
    observedAt: t.expose('observedAt', { type: 'DateTime', description: "The venue's own stamp." }),
    attribution: t.expose('attribution', { type: Attribution }),
  }),
})

const BookChange = builder.objectRef<domain.BookChange>('BookChange').implement({
  description:
    'A book as a client keeps it for itself: one snapshot, then deltas, to be applied in the order of `sequence`, ' +
    'which goes up by one without gaps. A level whose size is `"0"` is to be removed.',
  fields: (t) => ({
    symbol: t.expose('symbol', { type: 'Symbol' }),
    venue: t.expose('venue', { type: VenueWord }),
    kind: t.expose('kind', { type: BookChangeKindWord }),
    sequence: t.exposeFloat('sequence', {
      description: 'Ours, a whole number; one more than that of the change before.',
    }),
    cursor: t.exposeString('cursor', {
      description: 'Given back as `after`, the stream goes on with what follows.',
    }),
    bids: t.expose('bids', { type: [Level] }),
    asks: t.expose('asks', { type: [Level] }),
    checksum: t.exposeFloat('checksum', {
      description:
        'What the book must come to once this is applied: unsigned CRC-32 (IEEE) over its first 25 bids and then its ' +
        'first 25 asks, best first, written `price:size` and joined with `|`.',
    }),
    observedAt: t.expose('observedAt', { type: 'DateTime', description: "The venue's own stamp." }),
    attribution: t.expose('attribution', { type: Attribution }),
  }),
})

const VenueSize = builder.objectRef<domain.ConsolidatedLevel['venues'][number]>('VenueSize').implement({
  description: "One venue's part of a merged level.",
  fields: (t) => ({
    venue: t.expose('venue', { type: VenueWord }),
    size: t.expose('size', { type: 'Decimal', description: 'In the base currency.' }),
  }),
})

const ConsolidatedLevel = builder.objectRef<domain.ConsolidatedLevel>('ConsolidatedLevel').implement({
  description: 'A price, what rests at it over all venues, and at which of them.',
  fields: (t) => ({
    price: t.expose('price', { type: 'Decimal', description: 'In the quote currency.' }),
    size: t.expose('size', { type: 'Decimal', description: 'The sum over `venues`, in the base currency.' }),
    venues: t.expose('venues', { type: [VenueSize] }),
  }),
})

const ExcludedVenue = builder
  .objectRef<domain.ConsolidatedBook['excluded'][number]>('ExcludedVenue')
  .implement({
    description: 'A venue that was wanted in a merged book and is not in it.',
    fields: (t) => ({
      venue: t.expose('venue', { type: VenueWord }),
      reason: t.expose('reason', { type: DropReasonWord }),
    }),
  })

const ConsolidatedBook = builder.objectRef<domain.ConsolidatedBook>('ConsolidatedBook').implement({
  description: 'The books of several venues laid over each other, price by price. Only live ones take part.',
  fields: (t) => ({
    symbol: t.expose('symbol', { type: 'Symbol' }),
    bids: t.expose('bids', { type: [ConsolidatedLevel], description: 'From the highest price down.' }),
    asks: t.expose('asks', { type: [ConsolidatedLevel], description: 'From the lowest price up.' }),
    venues: t.expose('venues', { type: [VenueWord], description: 'Whose books are in it.' }),
    excluded: t.expose('excluded', {
      type: [ExcludedVenue],
      description: 'Whose books were wanted and are not, with the reason.',
    }),
    isCrossed: t.exposeBoolean('isCrossed', {
      description: 'True while some venue bids more than another asks.',
    }),
    attribution: t.expose('attribution', { type: Attribution }),
  }),
})

const DEPTH = 'Levels a side: 1 to 1000.'
const MAX_RATE = 'Most books a second: above 0, at most 100. Left out: with every change.'
const VENUES = 'Left out: all that are allowed.'

builder.queryFields((t) => ({
  book: t.field({
    type: Book,
    nullable: true,
    description:
      "One venue's order book, from that venue and nobody else. With no `venue` named, the first allowed one whose book " +
      'is live. Fails with UNKNOWN_SYMBOL, NOT_LISTED, NOT_AUTHORITATIVE or SOURCE_UNAVAILABLE.',
    args: {
      symbol: t.arg({ type: 'Symbol', required: true }),
      venue: t.arg({ type: VenueWord }),
      depth: t.arg.int({ required: true, defaultValue: 20, description: DEPTH }),
      asOf: t.arg({
        type: 'DateTime',
        description: 'A past instant, answered from the record. Left out: now.',
      }),
    },
    resolve: async (_root, { symbol, venue, depth, asOf }, { facade, signal }) =>
      unwrap(
        await facade.warm.book(
          { symbol, venue: venue ?? null, depth: depthBound(depth), asOf: asOf ?? null },
          signal,
        ),
      ),
  }),
  consolidatedBook: t.field({
    type: ConsolidatedBook,
    nullable: true,
    description:
      'The live books of all allowed venues in one, every level saying which venues make it up. ' +
      'Venues that are not live are left out, and said to be.',
    args: {
      symbol: t.arg({ type: 'Symbol', required: true }),
      depth: t.arg.int({ required: true, defaultValue: 20, description: DEPTH }),
      venues: t.arg({ type: [VenueWord], description: VENUES }),
    },
    resolve: async (_root, { symbol, depth, venues }, { facade, signal }) =>
      unwrap(
        await facade.warm.consolidatedBook(
          { symbol, depth: depthBound(depth), venues: venuesBound(venues) },
          signal,
        ),
      ),
  }),
}))

builder.subscriptionFields((t) => ({
  book: t.field({
    type: Book,
    description:
      'The whole top of one book: as it stands at first, then after changes, no faster than `maxRate`. ' +
      'A reader that lags is given the newest and skips what lay between.',
    args: {
      symbol: t.arg({ type: 'Symbol', required: true }),
      venue: t.arg({ type: VenueWord, required: true }),
      depth: t.arg.int({ required: true, defaultValue: 20, description: DEPTH }),
      maxRate: t.arg.float({ description: MAX_RATE }),
    },
    subscribe: (_root, { symbol, venue, depth, maxRate }, { facade }) =>
      live(facade.hot.book({ symbol, venue, depth: depthBound(depth), maxRate: maxRateBound(maxRate) })),
    resolve: (book) => book,
  }),
  bookDeltas: t.field({
    type: BookChange,
    description:
      'The same book as a snapshot and then only what changes, gapless by number and checkable by checksum. ' +
      'With `after`, it goes on behind that cursor, or fails with RESUME_EXPIRED.',
    args: {
      symbol: t.arg({ type: 'Symbol', required: true }),
      venue: t.arg({ type: VenueWord, required: true }),
      depth: t.arg.int({ required: true, defaultValue: 200, description: DEPTH }),
      after: t.arg.string({ description: 'The `cursor` of the last change that was applied.' }),
    },
    subscribe: (_root, { symbol, venue, depth, after }, { facade }) =>
      live(facade.hot.bookDeltas({ symbol, venue, depth: depthBound(depth), after: after ?? null })),
    resolve: (change) => change,
  }),
  consolidatedBook: t.field({
    type: ConsolidatedBook,
    description: 'The merged book: as it stands at first, then after changes, no faster than `maxRate`.',
    args: {
      symbol: t.arg({ type: 'Symbol', required: true }),
      depth: t.arg.int({ required: true, defaultValue: 20, description: DEPTH }),
      venues: t.arg({ type: [VenueWord], description: VENUES }),
      maxRate: t.arg.float({ description: MAX_RATE }),
    },
    subscribe: (_root, { symbol, depth, venues, maxRate }, { facade }) =>
      live(
        facade.hot.consolidatedBook({
          symbol,
          depth: depthBound(depth),
          venues: venuesBound(venues),
          maxRate: maxRateBound(maxRate),
        }),
      ),
    resolve: (book) => book,
  }),
}))
