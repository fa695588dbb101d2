/** Plays one take to one connection, in its own order and at its own pace. Hides timers and a reader that is slower than the recording. */
import type { Take } from './captures.ts'
import type { Link } from './link.ts'
import type { Speech } from './speech.ts'

const BATCH = 500
const MOST_BUFFERED = 4 * 1024 * 1024
const PAUSE_MS = 5

export interface Player {
  /** Milliseconds of the take already played. */
  readonly position: () => number
  readonly stop: () => void
}

export interface PlayerOptions {
  readonly take: Take
  readonly link: Link
  readonly speech: Speech
  readonly speed: number
  readonly now: () => number
  readonly played: (frames: number) => void
  readonly ended: () => void
}

export function play({ take, link, speech, speed, now, played, ended }: PlayerOptions): Player {
  const startedAt = now()
  const beginning = take.frames[0]?.t ?? 0
  let next = 0
  let timer: NodeJS.Timeout | undefined
  const isFor = (topic: string | null, raw: string): boolean =>
    topic === null ? speech.isRepeated(raw) : speech.isWhole || link.topics.has(topic)
  const turn = (): void => {
    if (link.socket.readyState !== link.socket.OPEN) return
    const reached = speed === Number.POSITIVE_INFINITY ? speed : beginning + (now() - startedAt) * speed
    let sent = 0
    const last = Math.min(take.frames.length, next + BATCH)
    while (next < last && take.frames[next]!.t <= reached && link.socket.bufferedAmount < MOST_BUFFERED) {
      const { topic, raw } = take.frames[next++]!
      if (!isFor(topic, raw)) continue
      link.sendRaw(raw)
      sent++
    }
    played(sent)
    if (next >= take.frames.length) {
      ended()
      return
    }
    const wait = reached === Number.POSITIVE_INFINITY ? 0 : (take.frames[next]!.t - reached) / speed
    timer = setTimeout(turn, Math.max(wait, link.socket.bufferedAmount < MOST_BUFFERED ? 0 : PAUSE_MS))
  }
  timer = setTimeout(turn, 0)
  return {
    position: () => take.frames[Math.max(0, next - 1)]?.t ?? 0,
    stop: () => clearTimeout(timer),
  }
}
