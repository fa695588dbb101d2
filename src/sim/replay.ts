/**
 * Recorded traffic served again on local ports: every connection hears the take that has what it asked for, from
 * its beginning, and REST paths answer as they did. Hides which recordings fit and when all has been heard.
 */
import { isVenue, SOURCES } from '../domain/market.ts'
import type { Source } from '../domain/market.ts'
import { loadCaptures } from './captures.ts'
import type { Skipped, Take } from './captures.ts'
import { noCounts } from './counts.ts'
import { endpointsOf } from './endpoints.ts'
import type { SimEndpoints, SourceKey } from './endpoints.ts'
import { Faults } from './faults.ts'
import { openDoor } from './http.ts'
import type { Door, DoorStream } from './http.ts'
import type { Link } from './link.ts'
import { play } from './player.ts'
import type { Player } from './player.ts'
import { recordedRest } from './recorded-rest.ts'
import type { RecordedRest } from './recorded-rest.ts'
import { SPEECHES } from './speech.ts'

export interface ReplayOptions {
  readonly directory: string
  /** 1 plays as it was, 10 ten times as fast, Infinity as fast as it is read. */
  readonly speed?: number
  readonly now: () => number
  readonly host?: string
  /** A take starts when its reader has asked for nothing more for so long. */
  readonly settleMs?: number
  /** What nobody asks for in this time after the last take ended is not waited for. */
  readonly graceMs?: number
}

export interface Served {
  readonly source: Source
  readonly files: readonly string[]
  readonly topics: readonly string[]
  /** Frames sent, over all connections. */
  readonly frames: number
  /** Played to its end at least once. */
  readonly isPlayed: boolean
}

export interface Replay {
  readonly endpoints: Readonly<Record<SourceKey, SimEndpoints>>
  /** Recordings that no adapter reads, and why. */
  readonly skipped: readonly Skipped[]
  readonly served: () => {
    readonly takes: readonly Served[]
    readonly requests: Readonly<Record<Source, Readonly<Record<string, number>>>>
  }
  /** All that was asked for has been played. */
  readonly finished: Promise<void>
  readonly close: () => Promise<void>
}

interface Playing {
  readonly take: Take
  frames: number
  isPlayed: boolean
  /** Connections hearing it now. */
  readonly players: Map<Link, Player>
}

export async function startReplay(options: ReplayOptions): Promise<Replay> {
  const { host = '127.0.0.1', now } = options
  const captures = loadCaptures(options.directory)
  const playing = captures.takes.map((take): Playing => ({
    take,
    frames: 0,
    isPlayed: false,
    players: new Map(),
  }))
  const { stage, close: closeStage } = createStage(playing, options)
  const doors = new Map<Source, Door>()
  const rests = new Map<Source, RecordedRest>()
  for (const source of SOURCES) {
    const rest = recordedRest(source, captures, () => positionOf(source, playing))
    rests.set(source, rest)
    const site = { source, now, faults: new Faults(now), counts: noCounts() }
    const later = (ms: number, run: () => void): void => void setTimeout(run, ms)
    doors.set(
      source,
      await openDoor({
        host,
        site,
        rest,
        later,
        ...(isVenue(source) ? { stream: stage.streamOf(source) } : {}),
      }),
    )
  }
  return {
    endpoints: endpointsOf(host, (source) => doors.get(source)!.port),
    skipped: captures.skipped,
    served: () => ({
      takes: playing.map(({ take, frames, isPlayed }) => ({
        source: take.venue,
        files: take.files,
        topics: [...take.topics],
        frames,
        isPlayed,
      })),
      requests: Object.fromEntries([...rests].map(([source, rest]) => [source, rest.served()])) as Record<
        Source,
        Record<string, number>
      >,
    }),
    finished: stage.finished,
    close: async () => {
      closeStage()
      await Promise.all([...doors.values()].map((door) => door.close()))
    },
  }
}

/** The instant of the recording that is being heard now; before anything is, its beginning. */
function positionOf(source: Source, playing: readonly Playing[]): number {
  const own = playing.filter(({ take }) => take.venue === source)
  const heard =
    own.find(({ players }) => players.size > 0) ?? own.find(({ isPlayed }) => !isPlayed) ?? own.at(-1)
  if (heard === undefined) return Number.POSITIVE_INFINITY
  const [player] = heard.players.values()
  return heard.take.startedAt + (player?.position() ?? 0)
}

interface Stage {
  readonly streamOf: (source: Take['venue']) => DoorStream
  readonly finished: Promise<void>
}

function createStage(
  playing: readonly Playing[],
  { speed = 1, now, settleMs = 600, graceMs = 5_000 }: ReplayOptions,
): { readonly stage: Stage; readonly close: () => void } {
  const settling = new Map<Link, NodeJS.Timeout>()
  let grace: NodeJS.Timeout | undefined
  const { promise: finished, resolve: finish } = Promise.withResolvers<void>()
  const noteEnd = (): void => {
    clearTimeout(grace)
    if (playing.every(({ isPlayed }) => isPlayed)) finish()
    else if (playing.every(({ players }) => players.size === 0)) grace = setTimeout(finish, graceMs)
  }
  const start = (link: Link, venue: Take['venue']): void => {
    settling.delete(link)
    const isWanted = ({ take }: Playing): boolean =>
      take.venue === venue && [...take.topics].some((topic) => link.topics.has(topic))
    const next =
      playing.find((candidate) => isWanted(candidate) && !candidate.isPlayed) ?? playing.find(isWanted)
    if (next === undefined || playing.some(({ players }) => players.has(link))) return
    clearTimeout(grace)
    const player = play({
      take: next.take,
      link,
      speech: SPEECHES[venue],
      speed,
      now,
      played: (frames) => (next.frames += frames),
      ended: () => {
        next.isPlayed = true
        next.players.delete(link)
        // A take was one connection's life: the next one is another's.
        if (playing.some((candidate) => isWanted(candidate) && !candidate.isPlayed)) link.socket.close(1001)
        noteEnd()
      },
    })
    next.players.set(link, player)
  }
  const streamOf = (venue: Take['venue']): DoorStream => {
    const speech = SPEECHES[venue]
    const known = new Set(playing.flatMap(({ take }) => (take.venue === venue ? [...take.topics] : [])))
    return {
      paths: speech.paths,
      opened: () => {},
      closed: (link) => {
        clearTimeout(settling.get(link))
        settling.delete(link)
        for (const { players } of playing) {
          players.get(link)?.stop()
          players.delete(link)
        }
        noteEnd()
      },
      heard: (link, message) => {
        const answer = speech.answer(message)
        if (answer !== null) link.sendRaw(answer)
        const wishes = speech.wishesOf(message)
        if (wishes.length === 0) return
        for (const { topic, accepted, refused } of wishes) {
          const isKnown = known.has(topic)
          if (isKnown) link.topics.add(topic)
          const word = isKnown ? accepted : refused
          if (word !== null) link.sendRaw(word)
        }
        clearTimeout(settling.get(link))
        settling.set(
          link,
          setTimeout(() => start(link, venue), settleMs),
        )
      },
    }
  }
  if (playing.length === 0) finish()
  return {
    stage: { streamOf, finished },
    close: () => {
      clearTimeout(grace)
      for (const timer of settling.values()) clearTimeout(timer)
      for (const { players } of playing) for (const player of players.values()) player.stop()
      finish()
    },
  }
}
