/**
 * How an entry looks in bytes. A short header stands before the JSON, so that a reader who already holds this
 * very write recognises it by its tag and hands out the object it has, without parsing.
 *
 * ```
 * 0  magic, version, flags   3 bytes
 * 3  tag of the write       12 bytes: the writing process, and its count of writes
 * 15 cachedAt, expiresAt    two doubles, epoch ms
 * 31 data as JSON, deflated where flags say so
 * ```
 */
import { randomBytes } from 'node:crypto'
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import type { Entry } from './store.ts'

const MAGIC = 0xc7
const VERSION = 1
const DEFLATED = 1
const TAG_AT = 3
const TAG_END = 15
const HEADER_BYTES = 31
const DEFLATE_FROM_BYTES = 64 * 1024
/** Longer than anything we write: not ours. */
const MAX_STORED_BYTES = 8 * 1024 * 1024
const MAX_DATA_BYTES = 64 * 1024 * 1024

const WRITER = randomBytes(6)
let writes = 0

export interface Sealed {
  readonly tag: Buffer
  readonly bytes: Buffer
}

export function seal(entry: Entry): Sealed {
  const json = Buffer.from(JSON.stringify(entry.data) ?? 'null')
  const isLong = json.length >= DEFLATE_FROM_BYTES
  const data = isLong ? deflateRawSync(json, { level: 1 }) : json
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + data.length)
  bytes[0] = MAGIC
  bytes[1] = VERSION
  bytes[2] = isLong ? DEFLATED : 0
  writes += 1
  WRITER.copy(bytes, TAG_AT)
  bytes.writeUIntBE(writes, TAG_AT + WRITER.length, 6)
  bytes.writeDoubleBE(entry.cachedAt, TAG_END)
  bytes.writeDoubleBE(entry.expiresAt, TAG_END + 8)
  data.copy(bytes, HEADER_BYTES)
  return { tag: Buffer.from(bytes.subarray(TAG_AT, TAG_END)), bytes }
}

export interface Envelope {
  readonly cachedAt: number
  readonly expiresAt: number
  /** A copy: outlives the reply it was read from. */
  readonly tag: () => Buffer
  readonly carries: (tag: Buffer) => boolean
  /** @throws when the data is not what we write. */
  readonly open: () => Entry
}

/** Null when this is not an envelope of ours. */
export function readEnvelope(bytes: Buffer): Envelope | null {
  const isOurs = bytes.length >= HEADER_BYTES && bytes.length <= MAX_STORED_BYTES
  if (!isOurs || bytes[0] !== MAGIC || bytes[1] !== VERSION) return null
  const cachedAt = bytes.readDoubleBE(TAG_END)
  const expiresAt = bytes.readDoubleBE(TAG_END + 8)
  if (!Number.isFinite(cachedAt) || !Number.isFinite(expiresAt)) return null
  return {
    cachedAt,
    expiresAt,
    tag: () => Buffer.from(bytes.subarray(TAG_AT, TAG_END)),
    carries: (tag) => tag.compare(bytes, TAG_AT, TAG_END) === 0,
    open: () => ({ data: parseSafely(dataOf(bytes)), cachedAt, expiresAt }),
  }
}

function dataOf(bytes: Buffer): Buffer {
  const data = bytes.subarray(HEADER_BYTES)
  return bytes[2] === DEFLATED ? inflateRawSync(data, { maxOutputLength: MAX_DATA_BYTES }) : data
}

/** `__proto__` is never a key of ours, and dangerous to whoever copies members; nor do we escape letters. */
function parseSafely(json: Buffer): unknown {
  if (json.includes('__proto__') || json.includes('\\u005f') || json.includes('\\u005F')) {
    throw new Error('forbidden key')
  }
  return JSON.parse(json.toString())
}
