/**
 * CRC-32 (IEEE) over the characters of a book: the contract's checksum of a `BookChange`, and Kraken's of
 * its top ten. Characters are fed one by one, so no text is joined to be hashed and thrown away.
 */
import type { Level } from './answer.ts'

const TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte
  for (let bit = 0; bit < 8; bit++) rest = rest & 1 ? (rest >>> 1) ^ 0xedb88320 : rest >>> 1
  return rest
})
const START = -1
const POINT = 46
const ZERO = 48
const COLON = 58
const BAR = 124

const step = (crc: number, code: number): number => (crc >>> 8) ^ TABLE[(crc ^ code) & 0xff]!

const finish = (crc: number): number => (crc ^ -1) >>> 0

/** Unsigned CRC-32 of a text of single-byte characters. */
export const crc32 = (text: string): number => finish(feed(START, text))

/** Levels a side that the contract's checksum covers. */
export const CHECKSUM_DEPTH = 25

/** Both sides best first; bids then asks, each "price:size", joined by "|". */
export const bookChecksum = (bids: readonly Level[], asks: readonly Level[]): number =>
  finish(feedLevels(feedLevels(START, bids, true), asks, bids.length === 0))

/** Kraken's depth: https://docs.kraken.com/api/docs/guides/spot-ws-book-v2 */
const KRAKEN_DEPTH = 10

/** Asks then bids, best first: the wire's digits without the point and without leading zeros. */
export const krakenChecksum = (bids: readonly Level[], asks: readonly Level[]): number =>
  finish(feedDigits(feedDigits(START, asks), bids))

const feed = (crc: number, text: string): number => {
  for (let at = 0; at < text.length; at++) crc = step(crc, text.charCodeAt(at))
  return crc
}

const feedLevels = (crc: number, levels: readonly Level[], isStart: boolean): number => {
  const count = Math.min(levels.length, CHECKSUM_DEPTH)
  for (let at = 0; at < count; at++) {
    const level = levels[at]!
    if (at > 0 || !isStart) crc = step(crc, BAR)
    crc = feed(step(feed(crc, level.price), COLON), level.size)
  }
  return crc
}

const feedDigits = (crc: number, levels: readonly Level[]): number => {
  const count = Math.min(levels.length, KRAKEN_DEPTH)
  for (let at = 0; at < count; at++) {
    const level = levels[at]!
    crc = feedNumber(feedNumber(crc, level.price), level.size)
  }
  return crc
}

const feedNumber = (crc: number, text: string): number => {
  let isLeading = true
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === POINT || (isLeading && code === ZERO)) continue
    isLeading = false
    crc = step(crc, code)
  }
  return crc
}
