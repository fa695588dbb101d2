/** What a source's server is given, and what it gives: the words between venue files and the HTTP door. */
import type { Source, Venue } from '../domain/market.ts'
import type { Counts } from './counts.ts'
import type { Faults } from './faults.ts'
import type { Link } from './link.ts'
import type { Market, Moment } from './market.ts'
import type { World } from './world.ts'

export interface Site {
  readonly source: Source
  readonly world: World
  readonly faults: Faults
  readonly counts: Counts
  readonly symbols: readonly string[]
  /** Simulated time. */
  readonly now: () => number
  /** The same on the source's own, perhaps wrong, clock. */
  readonly time: () => number
}

export interface VenueSite extends Site {
  readonly source: Venue
  readonly markets: readonly Market[]
  /** Opens a market's book, if it is not yet. */
  readonly wake: (market: Market) => void
}

export interface Asked {
  readonly path: string
  readonly query: URLSearchParams
}

export interface Answered {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  /** A text is sent as it is, anything else as JSON. */
  readonly body: unknown
}

/** What the source says when it answers with this status. */
export type ErrorBody = (status: number) => unknown

export interface RestSide {
  readonly answer: (asked: Asked) => Answered
  readonly errorBody: ErrorBody
}

export interface StreamSide {
  readonly paths: readonly string[]
  readonly opened: (link: Link, query: URLSearchParams) => void
  readonly heard: (link: Link, text: string) => void
  readonly closed: (link: Link) => void
  /** A living market has moved. */
  readonly moved: (market: Market, moment: Moment) => void
  /** Once a second of simulated time. */
  readonly second: (at: number) => void
  /** The venue's word that it is about to hang up; null where it has none. */
  readonly shutdownNotice: () => string | null
}

export interface VenueServer {
  readonly rest: RestSide
  readonly stream: StreamSide
}

export const notFound: Answered = { status: 404, body: { error: 'not found' } }

/** Who reads which topic. */
export class Board {
  readonly #readers = new Map<string, Set<Link>>()

  add(link: Link, topic: string): void {
    link.topics.add(topic)
    let readers = this.#readers.get(topic)
    if (readers === undefined) this.#readers.set(topic, (readers = new Set()))
    readers.add(link)
  }

  remove(link: Link, topic: string): void {
    link.topics.delete(topic)
    const readers = this.#readers.get(topic)
    readers?.delete(link)
    if (readers?.size === 0) this.#readers.delete(topic)
  }

  drop(link: Link): void {
    for (const topic of link.topics) this.remove(link, topic)
  }

  readers(topic: string): ReadonlySet<Link> | undefined {
    return this.#readers.get(topic)
  }

  topics(): readonly string[] {
    return [...this.#readers.keys()]
  }
}
