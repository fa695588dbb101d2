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
      /** Records it cannot be read without that are still to be verified, each on its own. */
      readonly restsOn: readonly string[]
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

/** The bodies of records, null at the place of one that is not held. */
type Load = (ids: readonly string[]) => Promise<readonly (string | null)[]>

/**
 * `target` is a file (a body, or any JSON that holds a record's `id` and `body`; a file named by an id is held
 * to it) or the id of a record that `load` can find. What the record rests on is verified with it: where the
 * file holds that too, or where `load` finds it. A file that does not stands for itself and names the rest.
 */
export async function verifyFile(target: string, load: Load = async () => []): Promise<Verification> {
  if (existsSync(target)) return verifyText(readFileSync(target, 'utf8'), idIn(basename(target)))
  const id = idIn(target)
  if (id === undefined) return { ok: false, id: target, problem: 'neither a file nor the id of a record' }
  const [body = null] = await load([id])
  if (body === null) return { ok: false, id, problem: 'no record with this id is held' }
  return withParts(verify(body, id), load)
}

async function verifyText(text: string, id: string | undefined): Promise<Verification> {
  const trimmed = text.trim()
  const held = findRecords(parse(trimmed))
  const [first] = held
  if (first === undefined) return verify(trimmed, id)
  const beside = new Map(held.map((each) => [each.id, each.body]))
  return withParts(verify(first.body, first.id), async (ids) => ids.map((part) => beside.get(part) ?? null))
}

async function withParts(whole: Verification, load: Load): Promise<Verification> {
  if (!whole.ok || whole.restsOn.length === 0) return whole
  const bodies = await load(whole.restsOn)
  const unheld: string[] = []
  for (const [index, id] of whole.restsOn.entries()) {
    const body = bodies[index] ?? null
    const part = body === null ? null : verify(body, id)
    if (part === null) unheld.push(id)
    else if (!part.ok) return { ok: false, id: whole.id, problem: `it rests on ${id}: ${part.problem}` }
  }
  return { ...whole, restsOn: unheld }
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

function passed(id: string, record: SnapshotBody, isRecalculated: boolean): Verification {
  const { kind, symbol, takenAt, inputs } = record
  const parts = isMembers(inputs) ? inputs['parts'] : undefined
  const restsOn = isList(parts) ? parts.map(String) : []
  return { ok: true, id, kind, symbol, takenAt, isRecalculated, restsOn }
}

function parseRecord(body: string): SnapshotBody | null {
  const record = parse(body)
  const isRecord =
    isMembers(record) && typeof record['kind'] === 'string' && typeof record['takenAt'] === 'number'
  return isRecord ? (record as unknown as SnapshotBody) : null
}

/** However deep an answer of the API holds them, in order. */
function findRecords(value: unknown): readonly { readonly id: string; readonly body: string }[] {
  if (isList(value)) return value.flatMap(findRecords)
  if (!isMembers(value)) return []
  const { id, body } = value
  if (typeof id === 'string' && typeof body === 'string') return [{ id, body }]
  return Object.values(value).flatMap(findRecords)
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
