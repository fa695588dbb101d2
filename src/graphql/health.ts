/** What the facade knows about its own state, in the schema. Answering never asks anyone and never fails. */
import type * as domain from '../domain/answer.ts'
import { answered } from '../domain/errors.ts'
import { builder } from './builder.ts'
import { live } from './live.ts'
import { CacheDriverWord, CircuitStateWord, SourceWord, StatusWord } from './words.ts'

const LatencySummary = builder.objectRef<domain.LatencySummary>('LatencySummary').implement({
  description: 'Durations in milliseconds. The figures are null while nothing was measured.',
  fields: (t) => ({
    count: t.exposeFloat('count', { description: 'How many were measured.' }),
    meanMs: t.exposeFloat('meanMs', { nullable: true }),
    p50Ms: t.exposeFloat('p50Ms', { nullable: true, description: 'Half of them took no longer.' }),
    p99Ms: t.exposeFloat('p99Ms', { nullable: true, description: '99 in 100 took no longer.' }),
  }),
})

const Circuit = builder.objectRef<domain.Circuit>('Circuit').implement({
  description: 'The fuse between us and a source.',
  fields: (t) => ({
    state: t.expose('state', { type: CircuitStateWord }),
    consecutiveFailures: t.exposeInt('consecutiveFailures', {
      description: 'Requests that failed in a row.',
    }),
    retryAt: t.expose('retryAt', {
      type: 'DateTime',
      nullable: true,
      description: 'While it is OPEN: when the next trial is allowed. Otherwise null.',
    }),
  }),
})

const Quota = builder.objectRef<domain.Quota>('Quota').implement({
  description: "What is left of a source's request budget.",
  fields: (t) => ({
    remaining: t.exposeInt('remaining', {
      description: 'In the unit that source counts in: requests, or weight.',
    }),
    resetAt: t.expose('resetAt', { type: 'DateTime', description: 'When the budget is full again.' }),
  }),
})

const StreamHealth = builder.objectRef<domain.StreamHealth>('StreamHealth').implement({
  description:
    "A venue's live connections taken together. Totals count from the start, as Float, since Int ends at 2^31.",
  fields: (t) => ({
    isConnected: t.exposeBoolean('isConnected'),
    messagesTotal: t.exposeFloat('messagesTotal'),
    messagesPerSecond: t.exposeFloat('messagesPerSecond'),
    venueLatency: t.expose('venueLatency', {
      type: LatencySummary,
      description: "From the venue's stamp to our receipt.",
    }),
    servedLatency: t.expose('servedLatency', {
      type: LatencySummary,
      description: "From our receipt to a reader's socket.",
    }),
    lastMessageAt: t.expose('lastMessageAt', {
      type: 'DateTime',
      nullable: true,
      description: 'Null before the first.',
    }),
    reconnectsTotal: t.exposeFloat('reconnectsTotal'),
    gapsTotal: t.exposeFloat('gapsTotal', {
      description: 'Holes in what the venue sent; each one resynchronised a book.',
    }),
    malformedTotal: t.exposeFloat('malformedTotal', { description: 'Frames that could not be understood.' }),
  }),
})

const SourceHealth = builder.objectRef<domain.SourceHealth>('SourceHealth').implement({
  description: 'One source, seen from here.',
  fields: (t) => ({
    source: t.expose('source', { type: SourceWord }),
    status: t.expose('status', { type: StatusWord }),
    circuit: t.expose('circuit', { type: Circuit }),
    quota: t.expose('quota', {
      type: Quota,
      nullable: true,
      description: 'Null for a source without a budget of its own.',
    }),
    stream: t.expose('stream', {
      type: StreamHealth,
      nullable: true,
      description: 'Null for a source that only answers requests.',
    }),
    reason: t.exposeString('reason', {
      nullable: true,
      description: 'What is wrong, for people to read; null while nothing is.',
    }),
  }),
})

const CacheClass = builder.objectRef<domain.CacheClassHealth>('CacheClass').implement({
  description: 'What the cache did for one kind of data.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Its key in `config/cache.yaml`.' }),
    ttlSeconds: t.exposeInt('ttlSeconds', { description: 'Its time to live, in seconds.' }),
    hitRate: t.exposeFloat('hitRate', {
      nullable: true,
      description: 'From 0 to 1; null before the first read.',
    }),
    hitsTotal: t.exposeFloat('hitsTotal'),
    missesTotal: t.exposeFloat('missesTotal'),
  }),
})

const CacheHealth = builder.objectRef<domain.CacheHealth>('CacheHealth').implement({
  description: 'The cache since the start.',
  fields: (t) => ({
    driver: t.expose('driver', { type: CacheDriverWord }),
    isConnected: t.exposeBoolean('isConnected', {
      description: 'False while Redis cannot be reached. Memory always can.',
    }),
    reason: t.exposeString('reason', {
      nullable: true,
      description:
        'In a word, why it cannot be reached, or what it refuses although it can (`OOM`, `READONLY`); null when all is well.',
    }),
    hitRate: t.exposeFloat('hitRate', {
      nullable: true,
      description: 'From 0 to 1; null before the first read.',
    }),
    hitsTotal: t.exposeFloat('hitsTotal'),
    missesTotal: t.exposeFloat('missesTotal'),
    usedBytes: t.exposeFloat('usedBytes', {
      nullable: true,
      description: 'Null where the driver cannot tell.',
    }),
    classes: t.expose('classes', {
      type: [CacheClass],
      description: 'Class by class, as `config/cache.yaml` names them.',
    }),
  }),
})

const SnapshotHealth = builder.objectRef<domain.SnapshotHealth>('SnapshotHealth').implement({
  description: 'The keeping of records.',
  fields: (t) => ({
    isEnabled: t.exposeBoolean('isEnabled'),
    retentionHours: t.exposeFloat('retentionHours', { description: 'Hours a record is kept.' }),
    writtenTotal: t.exposeFloat('writtenTotal'),
    oldest: t.expose('oldest', {
      type: 'DateTime',
      nullable: true,
      description: 'The oldest one held; null while there is none.',
    }),
  }),
})

const Health = builder.objectRef<domain.Health>('Health').implement({
  description: 'The state of everything the facade depends on.',
  fields: (t) => ({
    status: t.expose('status', { type: StatusWord }),
    checkedAt: t.expose('checkedAt', { type: 'DateTime' }),
    isSimulated: t.exposeBoolean('isSimulated', {
      description:
        "True where the sources are the project's own simulator or a replay: no figure is a real market's.",
    }),
    sources: t.expose('sources', { type: [SourceHealth] }),
    cache: t.expose('cache', { type: CacheHealth }),
    snapshots: t.expose('snapshots', { type: SnapshotHealth }),
    reconciliation: t.expose('reconciliation', {
      type: LatencySummary,
      description: 'What agreeing took, over the last five minutes.',
    }),
  }),
})

builder.queryField('health', (t) =>
  t.field({
    type: Health,
    description: 'How the sources, their circuits, the cache and the streams are doing. Always answers.',
    resolve: (_root, _args, { facade }) => facade.health(),
  }),
)

builder.subscriptionField('health', (t) =>
  t.field({
    type: Health,
    description: 'The same, at once when a status changes and every second besides.',
    subscribe: (_root, _args, { facade }) => live(answered(facade.healthChanges())),
    resolve: (health) => health,
  }),
)
