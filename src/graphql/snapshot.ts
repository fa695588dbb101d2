/** Records in the schema: what was answered once, exactly as it was written, under the hash of its own bytes. */
import type * as domain from '../domain/answer.ts'
import { builder } from './builder.ts'
import { unwrap } from './errors.ts'

const SnapshotRecord = builder.objectRef<domain.SnapshotRecord>('SnapshotRecord').implement({
  description:
    'An immutable record. SHA-256 over the bytes of `body` gives `id` again, so anyone can check it.',
  fields: (t) => ({
    id: t.exposeID('id', { description: '64 hex digits in lower case.' }),
    takenAt: t.expose('takenAt', { type: 'DateTime', description: 'When it was written.' }),
    kind: t.exposeString('kind', {
      description: 'What it holds: a price, a volume, a run of klines, a book …',
    }),
    symbol: t.expose('symbol', { type: 'Symbol' }),
    body: t.exposeString('body', {
      description: 'Canonical JSON: what the sources said, and what was made of it.',
    }),
  }),
})

builder.queryField('snapshot', (t) =>
  t.field({
    type: SnapshotRecord,
    nullable: true,
    description:
      'The record with this id, byte for byte. Where it is not held (any more): SNAPSHOT_NOT_FOUND.',
    args: { id: t.arg.id({ required: true, description: 'As found in `attribution.snapshot.id`.' }) },
    resolve: async (_root, { id }, { facade }) => unwrap(await facade.snapshot(id)),
  }),
)
