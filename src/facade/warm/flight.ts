/**
 * Work that several wait for. Hides the counting: it is done once, goes on while anyone waits for it, and is
 * told to stop when the last of them has left. One who gives no signal never leaves.
 */

export interface Flight<T> {
  /** The same answer for everyone who joins. */
  join(signal?: AbortSignal): Promise<T>
}

export interface FlightOptions<T> {
  readonly work: (signal: AbortSignal) => Promise<T>
  /** Once: it has ended, or everyone has left it. Nobody new should join. */
  readonly onOver: () => void
}

export function takeOff<T>({ work, onOver }: FlightOptions<T>): Flight<T> {
  const stop = new AbortController()
  const leaves = new Map<AbortSignal, () => void>()
  let waiting = 0
  let isOver = false

  const end = (): void => {
    if (isOver) return
    isOver = true
    for (const [signal, leave] of leaves) signal.removeEventListener('abort', leave)
    leaves.clear()
    onOver()
  }

  const leaveOf = (signal: AbortSignal) => (): void => {
    leaves.delete(signal)
    waiting -= 1
    if (waiting > 0 || isOver) return
    end()
    stop.abort()
  }

  const answer = work(stop.signal)
  answer.then(end, end)

  return {
    join(signal) {
      if (isOver || (signal !== undefined && leaves.has(signal))) return answer
      waiting += 1
      if (signal === undefined) return answer
      const leave = leaveOf(signal)
      leaves.set(signal, leave)
      if (signal.aborted) leave()
      else signal.addEventListener('abort', leave, { once: true })
      return answer
    },
  }
}
