/**
 * How a record's body is squeezed. Hides the preset dictionary: words and figures every record contains, so
 * that even a record of one kilobyte packs to a third of it. The first byte names the dictionary: one that
 * was ever written with must stay readable, so a better dictionary gets a new number.
 */
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { DICTIONARY } from './dictionary.ts'

const FORMAT = 1
/** Whoever wrote more than this did not write a record of ours. */
const MAX_BODY_BYTES = 32 * 1024 * 1024

export function pack(body: string): Buffer {
  const squeezed = deflateRawSync(body, { level: 9, memLevel: 9, dictionary: DICTIONARY })
  return Buffer.concat([Buffer.of(FORMAT), squeezed])
}

/** @throws when these are not the bytes of a packed record. */
export function unpack(packed: Buffer): string {
  if (packed[0] !== FORMAT) throw new Error(`unknown record format ${packed[0]}`)
  return inflateRawSync(packed.subarray(1), {
    dictionary: DICTIONARY,
    maxOutputLength: MAX_BODY_BYTES,
  }).toString()
}
