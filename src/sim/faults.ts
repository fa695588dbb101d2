/**
 * What can go wrong at a source, as commands. Each applies to one source (and perhaps one symbol) for a time or
 * a number of times, and counts exactly how often it did. Hides when a fault is spent.
 */
import type { Source } from '../domain/market.ts'

export type FrameKind = 'book' | 'snapshot' | 'trade' | 'candle' | 'ticker' | 'heartbeat' | 'control'
export type MalformedForm =
  | 'truncated'
  | 'flipped'
  | 'types'
  | 'nan'
  | 'huge'
  | 'proto'
  | 'html'
  | 'empty'
  | 'binary'
export const MALFORMED_FORMS: readonly MalformedForm[] = [
  'truncated',
  'flipped',
  'types',
  'nan',
  'huge',
  'proto',
  'html',
  'empty',
]

interface Scope {
  readonly source: Source
  /** Ours; every market of the source when absent. */
  readonly symbol?: string
  /** Ends by itself after this. */
  readonly durationMs?: number
  /** Ends after it was applied so often. */
  readonly count?: number
}

/** One frame in `oneIn` (1 when absent) of this kind (`book` when absent). */
interface Rated extends Scope {
  readonly kind: 'drop' | 'duplicate' | 'reorder'
  readonly oneIn?: number
  readonly frames?: FrameKind | 'any'
}
/** Skips one sequence number / spoils one checksum, `count` times (1 when absent). */
interface Spoiled extends Scope {
  readonly kind: 'gap' | 'badChecksum'
}
/** Sends `count` (1 when absent) extra frames nobody can read, in turns of these forms, to one connection. */
interface Malformed extends Scope {
  readonly kind: 'malformed'
  readonly forms?: readonly MalformedForm[]
}
/** `disconnect` cuts open connections (with a close code, or without a word); `refuse` and `blackhole` last until cleared. */
interface Broken extends Scope {
  readonly kind: 'disconnect' | 'refuse' | 'silence' | 'blackhole' | 'shutdownNotice'
  readonly code?: number
}
interface Late extends Scope {
  readonly kind: 'lag' | 'skew'
  readonly ms: number
}
/** One frame so large; the bomb is small on the wire and claims to be compressed, which nobody agreed to. */
interface Large extends Scope {
  readonly kind: 'oversized' | 'deflateBomb'
  readonly megabytes: number
}
/** One text message in `count` pieces of one byte, never finished. */
interface Fragments extends Scope {
  readonly kind: 'fragments'
  readonly count: number
}
interface Rest extends Scope {
  readonly kind: 'status' | 'hang' | 'html' | 'truncate' | 'slowBody'
  /** Only paths that contain this. */
  readonly path?: string
  readonly status?: number
  readonly retryAfterSeconds?: number
  readonly bytesPerSecond?: number
}
interface Distorted extends Scope {
  readonly kind: 'outlier'
  readonly factor: number
}
interface Quiet extends Scope {
  readonly kind: 'quiet'
}
interface Depeg {
  readonly kind: 'depeg'
  readonly factor: number
  readonly source?: undefined
  readonly symbol?: undefined
  readonly durationMs?: number
  readonly count?: undefined
}

export type RestFault = Rest
export type FaultCommand =
  | Rated
  | Spoiled
  | Malformed
  | Broken
  | Late
  | Large
  | Fragments
  | Rest
  | Distorted
  | Quiet
  | Depeg
export type FaultKind = FaultCommand['kind']

/** A fault at work. */
export interface Fault<C extends FaultCommand = FaultCommand> {
  readonly command: C
  readonly until: number
  /** Frames or requests it looked at. */
  seen: number
  /** How often it struck. */
  applied: number
}

export const REST_KINDS: ReadonlySet<FaultKind> = new Set(['status', 'hang', 'html', 'truncate', 'slowBody'])

export class Faults {
  #faults: Fault[] = []
  readonly #now: () => number

  constructor(now: () => number) {
    this.#now = now
  }

  add<C extends FaultCommand>(command: C): Fault<C> {
    const until =
      command.durationMs === undefined ? Number.POSITIVE_INFINITY : this.#now() + command.durationMs
    const fault = { command, until, seen: 0, applied: 0 }
    this.#faults.push(fault)
    return fault
  }

  clear(): void {
    this.#faults = []
  }

  all(): readonly Fault[] {
    this.#sweep()
    return this.#faults
  }

  /** The first fault of this kind that concerns this source and symbol. */
  find(kind: FaultKind, source: Source, symbol?: string | null): Fault | undefined {
    if (this.#faults.length === 0) return undefined
    this.#sweep()
    return this.#faults.find(
      ({ command }) =>
        command.kind === kind &&
        (command.source === undefined || command.source === source) &&
        (command.symbol === undefined || command.symbol === symbol),
    )
  }

  /** Strikes once, if there is such a fault. */
  strike(kind: FaultKind, source: Source, symbol?: string | null): boolean {
    const fault = this.find(kind, source, symbol)
    if (fault === undefined) return false
    fault.applied++
    return true
  }

  rated(source: Source, symbol: string | null, frame: FrameKind): readonly Fault<Rated>[] {
    if (this.#faults.length === 0) return []
    this.#sweep()
    return this.#faults.filter((fault): fault is Fault<Rated> => {
      const { command } = fault
      if (command.kind !== 'drop' && command.kind !== 'duplicate' && command.kind !== 'reorder') return false
      const frames = command.frames ?? 'book'
      return (
        command.source === source &&
        (command.symbol === undefined || command.symbol === symbol) &&
        (frames === 'any' || frames === frame)
      )
    })
  }

  rest(source: Source, path: string): Fault<Rest> | undefined {
    if (this.#faults.length === 0) return undefined
    this.#sweep()
    const found = this.#faults.find((fault): fault is Fault<Rest> => {
      const { command } = fault
      if (!isRest(command) || command.source !== source) return false
      return command.path === undefined || path.includes(command.path)
    })
    if (found !== undefined) found.applied++
    return found
  }

  #sweep(): void {
    const now = this.#now()
    if (this.#faults.every((fault) => isAlive(fault, now))) return
    this.#faults = this.#faults.filter((fault) => isAlive(fault, now))
  }
}

const isRest = (command: FaultCommand): command is Rest => REST_KINDS.has(command.kind)

function isAlive({ command, until, applied }: Fault, now: number): boolean {
  const once = command.kind === 'gap' || command.kind === 'badChecksum' ? 1 : Number.POSITIVE_INFINITY
  return now < until && applied < (command.count ?? once)
}
