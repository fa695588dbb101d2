/** Evidence in the schema: who was heard, who was set aside and why, how fresh an answer is, and its record. */
import type * as domain from '../domain/attribution.ts'
import { builder } from './builder.ts'
import {
  AuthorityWord,
  CacheStatusWord,
  DropReasonWord,
  ReconciliationMethodWord,
  SourceWord,
  TierWord,
  VerdictWord,
} from './words.ts'

const CacheEntry = builder.objectRef<domain.CacheEntry>('CacheEntry').implement({
  description: 'The cache entry an answer came out of, or went into.',
  fields: (t) => ({
    status: t.expose('status', { type: CacheStatusWord }),
    cachedAt: t.expose('cachedAt', { type: 'DateTime', description: 'When it was stored.' }),
    expiresAt: t.expose('expiresAt', { type: 'DateTime', description: 'When it stops being fresh.' }),
    ttlSeconds: t.exposeInt('ttlSeconds', {
      description: 'Its time to live, in seconds, from `config/cache.yaml`.',
    }),
  }),
})

const Snapshot = builder.objectRef<domain.SnapshotRef>('Snapshot').implement({
  description: 'Points at an immutable record; `Query.snapshot(id)` returns it.',
  fields: (t) => ({
    id: t.exposeID('id', {
      description: 'SHA-256 over the body of the record, 64 hex digits in lower case.',
    }),
    takenAt: t.expose('takenAt', {
      type: 'DateTime',
      description:
        'When it was written. A query with `asOf` reads the newest record that is no younger than that.',
    }),
  }),
})

export const Attribution = builder.objectRef<domain.Attribution>('Attribution').implement({
  description: 'The origin of an answer and its freshness.',
  fields: (t) => ({
    authority: t.expose('authority', { type: AuthorityWord }),
    sources: t.expose('sources', {
      type: [SourceWord],
      description: 'All whose figures went into the answer, the most trusted one first.',
    }),
    confidence: t.exposeFloat('confidence', {
      description: 'From 0 to 1. What an exchange says about itself while in step with it counts 1.',
    }),
    tier: t.expose('tier', { type: TierWord }),
    text: t.exposeString('text', {
      description: 'The same evidence as one sentence for people, fit to be displayed as it is.',
    }),
    observedAt: t.expose('observedAt', {
      type: 'DateTime',
      description: 'The moment it held true according to the sources; the oldest of theirs.',
    }),
    receivedAt: t.expose('receivedAt', {
      type: 'DateTime',
      description: 'The moment its last piece arrived here, by our clock.',
    }),
    cache: t.expose('cache', {
      type: CacheEntry,
      nullable: true,
      description: 'What the cache did for it. Hot data is not cached and has null here.',
    }),
    snapshot: t.expose('snapshot', {
      type: Snapshot,
      nullable: true,
      description:
        'The record it was read from or written to. Null for hot data, and where records are switched off.',
    }),
  }),
})

const Conversion = builder.objectRef<domain.Conversion>('Conversion').implement({
  description: 'The exchange rate a value in another quote currency was multiplied by.',
  fields: (t) => ({
    symbol: t.expose('symbol', {
      type: 'Symbol',
      description: 'The market of the rate, such as `USDT-USD`.',
    }),
    rate: t.expose('rate', { type: 'Decimal' }),
  }),
})

const UsedQuote = builder.objectRef<domain.UsedQuote>('UsedQuote').implement({
  description: "One source's claim that counted.",
  fields: (t) => ({
    source: t.expose('source', { type: SourceWord }),
    value: t.expose('value', { type: 'Decimal', description: 'After conversion, where there was one.' }),
    deviationPercent: t.exposeFloat('deviationPercent', {
      description: 'Distance from the first median, in percent.',
    }),
    observedAt: t.expose('observedAt', { type: 'DateTime', description: "The source's own stamp." }),
    receivedAt: t.expose('receivedAt', { type: 'DateTime', description: 'Ours.' }),
    conversion: t.expose('conversion', {
      type: Conversion,
      nullable: true,
      description: 'Present where the source quotes in another currency, USDT for USD say.',
    }),
  }),
})

const DroppedQuote = builder.objectRef<domain.DroppedQuote>('DroppedQuote').implement({
  description: "One source's claim that did not count, or its silence.",
  fields: (t) => ({
    source: t.expose('source', { type: SourceWord }),
    reason: t.expose('reason', { type: DropReasonWord }),
    value: t.expose('value', {
      type: 'Decimal',
      nullable: true,
      description: 'Null where there was no answer at all.',
    }),
    deviationPercent: t.exposeFloat('deviationPercent', {
      nullable: true,
      description: 'Distance from the first median, in percent; null without a value or a median.',
    }),
    observedAt: t.expose('observedAt', {
      type: 'DateTime',
      nullable: true,
      description: "The source's own stamp.",
    }),
  }),
})

const ReconciliationPolicy = builder
  .objectRef<domain.ReconciliationPolicy>('ReconciliationPolicy')
  .implement({
    description:
      'The rules that applied when the decision fell; enough to retrace it without seeing our configuration.',
    fields: (t) => ({
      maxDeviationPercent: t.exposeFloat('maxDeviationPercent', {
        description: 'Furthest a claim may lie from the median and still count, in percent.',
      }),
      minSources: t.exposeInt('minSources', { description: 'Fewest claims that can make a value.' }),
      minConfidence: t.exposeFloat('minConfidence', {
        description: 'Lowest confidence that is still answered with, 0 to 1.',
      }),
    }),
  })

export const Reconciliation = builder.objectRef<domain.Reconciliation>('Reconciliation').implement({
  description: 'The account of one agreement: whose claims counted, whose did not, and by which rules.',
  fields: (t) => ({
    verdict: t.expose('verdict', { type: VerdictWord }),
    method: t.expose('method', { type: ReconciliationMethodWord }),
    median: t.expose('median', {
      type: 'Decimal',
      nullable: true,
      description:
        'The median before anyone was dropped; all deviations are measured from it. Null where nobody answered.',
    }),
    used: t.expose('used', { type: [UsedQuote], description: 'The claims that counted.' }),
    dropped: t.expose('dropped', {
      type: [DroppedQuote],
      description: 'The claims that did not, each with its reason.',
    }),
    policy: t.expose('policy', { type: ReconciliationPolicy }),
  }),
})

export const Reconciled = builder.interfaceRef<domain.Reconciled>('Reconciled').implement({
  description: 'A figure that more than one source had a say in.',
  fields: (t) => ({
    value: t.expose('value', {
      type: 'Decimal',
      nullable: true,
      description: 'Present for the verdicts ACCEPTED and DEGRADED, null for all others.',
    }),
    attribution: t.expose('attribution', { type: Attribution }),
    reconciliation: t.expose('reconciliation', { type: Reconciliation }),
  }),
})

export const Price = builder.objectRef<domain.Price>('Price').implement({
  interfaces: [Reconciled],
  description: 'What one unit of the base costs, in the quote currency of the market.',
})

export const Volume = builder.objectRef<domain.Volume>('Volume').implement({
  interfaces: [Reconciled],
  description: 'How much changed hands over the last 24 hours.',
  fields: (t) => ({
    unit: t.exposeString('unit', { description: 'The currency the value is counted in: `"USD"`, `"BTC"`.' }),
  }),
})

export const PriceUpdate = builder.objectRef<domain.PriceUpdate>('PriceUpdate').implement({
  description: 'A price that moved, or whose evidence did.',
  fields: (t) => ({
    symbol: t.expose('symbol', { type: 'Symbol' }),
    price: t.expose('price', { type: Price }),
  }),
})
