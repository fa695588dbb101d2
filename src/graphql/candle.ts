/** Candles in the schema: klines (warm, agreed between sources) and bars (hot, one venue), and how to ask for them. */
import type * as domain from '../domain/answer.ts'
import { Attribution, Reconciliation } from './attribution.ts'
import { lastBound, streamedBound, venuesBound } from './bounds.ts'
import { builder } from './builder.ts'
import { unwrap } from './errors.ts'
import { live } from './live.ts'
import { IntervalWord, SourceWord, VenueWord } from './words.ts'

const Candle = builder.interfaceRef<domain.Candle>('Candle').implement({
  description:
    'Four prices and a volume over one interval. Prices are in the quote currency and always there.',
  fields: (t) => ({
    symbol: t.expose('symbol', { type: 'Symbol' }),
    interval: t.expose('interval', { type: IntervalWord }),
    openTime: t.expose('openTime', {
      type: 'DateTime',
      description: 'Where it begins, this instant included.',
    }),
    closeTime: t.expose('closeTime', {
      type: 'DateTime',
      description: 'Where it ends, this instant left out: the next one opens there.',
    }),
    open: t.expose('open', { type: 'Decimal' }),
    high: t.expose('high', { type: 'Decimal' }),
    low: t.expose('low', { type: 'Decimal' }),
    close: t.expose('close', { type: 'Decimal' }),
    volume: t.expose('volume', {
      type: 'Decimal',
      nullable: true,
      description: 'Traded in it, in the base currency. May be unknown, then null.',
    }),
    isClosed: t.exposeBoolean('isClosed', {
      description: 'True once its interval is over and it will not change any more.',
    }),
  }),
})

const VenueVolume = builder.objectRef<domain.KlineReconciliation['volume'][number]>('VenueVolume').implement({
  description: "One source's part of a candle's volume.",
  fields: (t) => ({
    source: t.expose('source', { type: SourceWord }),
    volume: t.expose('volume', { type: 'Decimal', description: 'In the base currency.' }),
  }),
})

const KlineReconciliation = builder.objectRef<domain.KlineReconciliation>('KlineReconciliation').implement({
  description: 'How each price of a candle was agreed, and what its volume is the sum of.',
  fields: (t) => ({
    open: t.expose('open', { type: Reconciliation }),
    high: t.expose('high', { type: Reconciliation }),
    low: t.expose('low', { type: Reconciliation }),
    close: t.expose('close', { type: Reconciliation }),
    volume: t.expose('volume', { type: [VenueVolume] }),
  }),
})

const Kline = builder.objectRef<domain.Kline>('Kline').implement({
  interfaces: [Candle],
  description: 'A candle its sources agree on, price by price. The volume adds up that of the venues used.',
  fields: (t) => ({ reconciliation: t.expose('reconciliation', { type: KlineReconciliation }) }),
})

const RejectedKline = builder.objectRef<domain.KlineSeries['rejected'][number]>('RejectedKline').implement({
  description: 'A candle nobody should draw: at least one of its prices was not agreed.',
  fields: (t) => ({
    openTime: t.expose('openTime', { type: 'DateTime' }),
    reconciliation: t.expose('reconciliation', { type: KlineReconciliation }),
  }),
})

const PageInfo = builder.objectRef<domain.KlineSeries['pageInfo']>('PageInfo').implement({
  description:
    'Where a page of candles lies. A cursor is simply an open time, so a client can start from any.',
  fields: (t) => ({
    hasPreviousPage: t.exposeBoolean('hasPreviousPage', {
      description: 'True where there is something older to ask for.',
    }),
    startCursor: t.expose('startCursor', {
      type: 'DateTime',
      nullable: true,
      description: 'Open time of the oldest; pass it as `before`.',
    }),
    endCursor: t.expose('endCursor', {
      type: 'DateTime',
      nullable: true,
      description: 'Open time of the newest.',
    }),
  }),
})

const KlineSeries = builder.objectRef<domain.KlineSeries>('KlineSeries').implement({
  description: 'A run of candles, the newest at the end.',
  fields: (t) => ({
    nodes: t.expose('nodes', {
      type: [Kline],
      description: 'Those with all four prices agreed. None is null.',
    }),
    rejected: t.expose('rejected', {
      type: [RejectedKline],
      description: 'Those that were not, with what was claimed.',
    }),
    pageInfo: t.expose('pageInfo', { type: PageInfo }),
    attribution: t.expose('attribution', { type: Attribution }),
  }),
})

const Bar = builder.objectRef<domain.Bar>('Bar').implement({
  interfaces: [Candle],
  description: 'A candle of a single venue, built from its trades as they print.',
  fields: (t) => ({
    venue: t.expose('venue', { type: VenueWord }),
    attribution: t.expose('attribution', { type: Attribution }),
  }),
})

builder.queryField('klines', (t) =>
  t.field({
    type: KlineSeries,
    nullable: true,
    description:
      'Candles from several sources made one, oldest to newest. For the page before this one pass ' +
      '`pageInfo.startCursor` as `before`. Fails with UNKNOWN_SYMBOL, NOT_LISTED or SOURCE_UNAVAILABLE.',
    args: {
      symbol: t.arg({ type: 'Symbol', required: true }),
      interval: t.arg({ type: IntervalWord, required: true }),
      last: t.arg.int({
        required: true,
        defaultValue: 500,
        description: 'How many, counted from the newest: 1 to 5000.',
      }),
      before: t.arg({ type: 'DateTime', description: 'Only candles that open earlier than this.' }),
      asOf: t.arg({
        type: 'DateTime',
        description: 'As they were known at a past instant, from the record. Left out: now.',
      }),
    },
    resolve: async (_root, { symbol, interval, last, before, asOf }, { facade, signal }) =>
      unwrap(
        await facade.warm.klines(
          { symbol, interval, last: lastBound(last), before: before ?? null, asOf: asOf ?? null },
          signal,
        ),
      ),
  }),
)

builder.subscriptionField('bars', (t) =>
  t.field({
    type: Bar,
    description:
      'Candles in the making, one per venue and symbol. The running one comes again with every change, until `isClosed`.',
    args: {
      symbols: t.arg({ type: ['Symbol'], required: true, description: '1 to 500.' }),
      interval: t.arg({ type: IntervalWord, required: true, defaultValue: 'M1' }),
      venues: t.arg({ type: [VenueWord], description: 'Left out: all that are allowed.' }),
    },
    subscribe: (_root, { symbols, interval, venues }, { facade }) =>
      live(
        facade.hot.bars({
          symbols: streamedBound('symbols', symbols),
          interval,
          venues: venuesBound(venues),
        }),
      ),
    resolve: (bar) => bar,
  }),
)
