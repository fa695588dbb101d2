/**
 * Is this record what it says? Offline: the body is hashed again, and where its answer was calculated, it is
 * calculated again from the recorded inputs, to the same bytes.
 */
import { existsSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import type { Instant } from '../domain/attribution.ts'
import { isVenue } from '../domain/market.ts'
import { reconcile } from '../domain/reconcile.ts'
import type { Claim, Policy } from '../domain/reconcile.ts'
import { vadrOf } from '../domain/vadr.ts'
import type { HourlyVolume } from '../domain/vadr.ts'
import { canonical } from './canonical.ts'
import { hashOf } from './snapshots.ts'
import type { SnapshotBody } from './snapshots.ts'
import { agreedOf, answerOf } from './warm/series.ts'
import type { SeriesInputs } from './warm/series.ts'
import { sumOf } from './warm/volumes.ts'

export type Verification =
  | {
      readonly ok: true
      readonly id: string
      readonly kind: string
      readonly symbol: string
      readonly takenAt: Instant
      /** False for records of what one source said: there is nothing to calculate. */
      readonly isRecalculated: boolean
    }
  | { readonly ok: false; readonly id: string; readonly problem: string }

/** The members of the answer that follow from the inputs; null when they do not hold what is needed. */
type Recalculation = (inputs: Readonly<Record<string, unknown>>) => object | null

/** A record without its id can only be checked by its own arithmetic. */
export function verify(body: string, id?: string): Verification {
  const actual = hashOf(body)
  const fail = (problem: string): Verification => ({ ok: false, id: id ?? actual, problem })
  if (id !== undefined && id !== actual) return fail(`the body hashes to ${actual}`)
  const record = parseRecord(body)
  if (record === null) return fail('the body is no record')
  if (canonical(record) !== body) return fail('the body is not in canonical form')
  const again = recalculate(record)
  if (again === null) {
    return id === undefined
      ? fail('no id to compare with, and nothing to calculate again')
      : passed(actual, record, false)
  }
  const answer = record.answer as Readonly<Record<string, unknown>> | null
  for (const [name, value] of Object.entries(again)) {
    if (canonical(value) !== canonical(answer?.[name])) {
      return fail(
        `${name} is ${canonical(answer?.[name])} in the record; the inputs give ${canonical(value)}`,
      )
    }
  }
  return passed(actual, record, true)
}

/**
 * `target` is a file (a body, or any JSON that holds a record's `id` and `body`; a file named by an id is held
 * to it) or the id of a record that `load` can find.
 */
export async function verifyFile(
  target: string,
  load: (id: string) => Promise<string | null> = async () => null,
): Promise<Verification> {
  if (existsSync(target)) return verifyText(readFileSync(target, 'utf8'), idIn(basename(target)))
  const id = idIn(target)
  if (id === undefined) return { ok: false, id: target, problem: 'neither a file nor the id of a record' }
  const body = await load(id)
  return body === null ? { ok: false, id, problem: 'no record with this id is held' } : verify(body, id)
}

function verifyText(text: string, id: string | undefined): Verification {
  const trimmed = text.trim()
  const held = findRecord(parse(trimmed))
  return held === null ? verify(trimmed, id) : verify(held.body, held.id)
}

const recalculations: Readonly<Record<string, Recalculation>> = {
  price: ({ claims, policy }) => (isList(claims) ? reconcile(claims as Claim[], policyOf(policy)) : null),
  volume: ({ claims, policy }) => (isList(claims) ? volumeOf(claims as Claim[], policyOf(policy)) : null),
  klines: (inputs) =>
    isMembers(inputs['rows']) ? answerOf(agreedOf(inputs as unknown as SeriesInputs)) : null,
  vadr: ({ hours, now }) =>
    isList(hours) && typeof now === 'number' ? vadrOf((hours as HourRow[]).map(hourOf), now) : null,
}

type HourRow = readonly [openTime: Instant, volume: string]

const hourOf = ([openTime, volume]: HourRow): HourlyVolume => ({ openTime, volume })

function recalculate({ kind, inputs }: SnapshotBody): object | null {
  const calculate = Object.hasOwn(recalculations, kind) ? recalculations[kind] : undefined
  return calculate === undefined || !isMembers(inputs) ? null : calculate(inputs)
}

/** Those who count all venues are agreed on; where they cannot be, the venues' own figures are added up. */
function volumeOf(claims: readonly Claim[], policy: Policy): object | null {
  const counted = reconcile(
    claims.filter(({ source }) => !isVenue(source)),
    policy,
  )
  const own = claims.filter(({ source }) => isVenue(source))
  return own.length === 0 ? counted : (sumOf(own, counted, policy) ?? counted)
}

/** JSON has no infinity: an age without limit is written as null. */
function policyOf(recorded: unknown): Policy {
  const policy = recorded as Policy
  return { ...policy, maxAgeMs: policy.maxAgeMs ?? Number.POSITIVE_INFINITY }
}

function passed(id: string, { kind, symbol, takenAt }: SnapshotBody, isRecalculated: boolean): Verification {
  return { ok: true, id, kind, symbol, takenAt, isRecalculated }
}

function parseRecord(body: string): SnapshotBody | null {
  const record = parse(body)
  const isRecord =
    isMembers(record) && typeof record['kind'] === 'string' && typeof record['takenAt'] === 'number'
  return isRecord ? (record as unknown as SnapshotBody) : null
}

/** However deep an answer of the API holds it. */
function findRecord(value: unknown): { readonly id: string; readonly body: string } | null {
  if (!isMembers(value)) return null
  const { id, body } = value
  if (typeof id === 'string' && typeof body === 'string') return { id, body }
  for (const member of Object.values(value)) {
    const found = findRecord(member)
    if (found !== null) return found
  }
  return null
}

const idIn = (name: string): string | undefined => /^([0-9a-f]{64})(\.json)?$/.exec(name)?.[1]

const isList = (value: unknown): value is readonly unknown[] => Array.isArray(value)

const isMembers = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
