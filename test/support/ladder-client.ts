/**
 * A reader of `bookDeltas` written from the published contract alone: it imports nothing of ours. Snapshot, then
 * deltas in order of `sequence`; size "0" is gone; CRC-32 of the top 25 a side after each change.
 */

export interface LadderChange {
  readonly kind: 'SNAPSHOT' | 'DELTA'
  readonly sequence: number
  readonly cursor: string
  readonly bids: readonly LadderLevel[]
  readonly asks: readonly LadderLevel[]
  readonly checksum: number
}

export interface LadderLevel {
  readonly price: string
  readonly size: string
}

export const LADDER_QUERY = `subscription ($symbol: Symbol!, $venue: Venue!, $depth: Int!, $after: String) {
  bookDeltas(symbol: $symbol, venue: $venue, depth: $depth, after: $after) {
    kind sequence cursor checksum bids { price size } asks { price size }
  }
}`

const TABLE = Array.from({ length: 256 }, (_, byte) => {
  let value = byte
  for (let bit = 0; bit < 8; bit += 1) value = (value & 1) === 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1
  return value >>> 0
})

const crc32 = (text: string): number => {
  let crc = 0xffffffff
  for (const byte of Buffer.from(text, 'ascii')) crc = (crc >>> 8) ^ TABLE[(crc ^ byte) & 0xff]!
  return (crc ^ 0xffffffff) >>> 0
}

export class LadderClient {
  #bids = new Map<string, string>()
  #asks = new Map<string, string>()
  sequence: number | null = null
  cursor: string | null = null
  changes = 0
  snapshots = 0
  /** What the contract forbids and was sent all the same. */
  readonly complaints: string[] = []

  /** Behind a cursor the numbers go on; without one they start where the server stands. */
  take(change: LadderChange): void {
    const { kind, sequence, checksum } = change
    if (this.sequence === null && kind !== 'SNAPSHOT') this.complaints.push('began without a snapshot')
    if (this.sequence !== null && sequence !== this.sequence + 1) {
      this.complaints.push(`sequence ${sequence} follows ${this.sequence}`)
    }
    if (kind === 'SNAPSHOT') {
      this.#bids = new Map()
      this.#asks = new Map()
      this.snapshots += 1
    }
    write(this.#bids, change.bids)
    write(this.#asks, change.asks)
    this.sequence = sequence
    this.cursor = change.cursor
    this.changes += 1
    const ours = crc32([...this.bids.slice(0, 25), ...this.asks.slice(0, 25)].map(inWords).join('|'))
    if (ours !== checksum) this.complaints.push(`${kind} ${sequence}: checksum ${ours}, told ${checksum}`)
  }

  /** Starts over, as a reader does whose cursor is no longer held. */
  forget(): void {
    this.sequence = null
    this.cursor = null
  }

  get bids(): readonly LadderLevel[] {
    return sorted(this.#bids, (a, b) => b - a)
  }

  get asks(): readonly LadderLevel[] {
    return sorted(this.#asks, (a, b) => a - b)
  }
}

const inWords = ({ price, size }: LadderLevel): string => `${price}:${size}`

const write = (side: Map<string, string>, levels: readonly LadderLevel[]): void => {
  for (const { price, size } of levels) {
    if (size === '0') side.delete(price)
    else side.set(price, size)
  }
}

const sorted = (
  side: ReadonlyMap<string, string>,
  order: (a: number, b: number) => number,
): readonly LadderLevel[] =>
  [...side]
    .map(([price, size]) => ({ price, size }))
    .toSorted((a, b) => order(Number(a.price), Number(b.price)))
