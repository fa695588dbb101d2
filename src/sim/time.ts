/** The simulation's own time: the caller's clock with timers, or a hand that turns it. Hides which of the two it is. */

export interface SimTime {
  readonly now: () => number
  /** Runs something later; forgotten when the simulation closes. */
  readonly later: (ms: number, run: () => void) => void
  /** By hand only. */
  readonly step: (ms: number) => void
  readonly close: () => void
}

interface Options {
  readonly tickMs: number
  /** Called every tick, with the instant it stands for. */
  readonly tick: (at: number) => void
}

export function realTime(now: () => number, { tickMs, tick }: Options): SimTime {
  const timers = new Set<NodeJS.Timeout>()
  const ticking = setInterval(() => tick(now()), tickMs)
  return {
    now,
    later: (ms, run) => {
      const timer = setTimeout(() => {
        timers.delete(timer)
        run()
      }, ms)
      timers.add(timer)
    },
    step: () => {
      throw new Error('this simulation runs by itself: start it with isManual to step it')
    },
    close: () => {
      clearInterval(ticking)
      for (const timer of timers) clearTimeout(timer)
      timers.clear()
    },
  }
}

export function handTime(startAt: number, { tickMs, tick }: Options): SimTime {
  let at = startAt
  let nextTick = startAt + tickMs
  let waiting: { readonly due: number; readonly run: () => void }[] = []
  const runDue = (): void => {
    const due = waiting.filter((entry) => entry.due <= at).toSorted((left, right) => left.due - right.due)
    if (due.length === 0) return
    waiting = waiting.filter((entry) => entry.due > at)
    for (const { run } of due) run()
  }
  return {
    now: () => at,
    later: (ms, run) => {
      waiting.push({ due: at + ms, run })
    },
    step: (ms) => {
      const end = at + ms
      while (nextTick <= end) {
        at = nextTick
        nextTick += tickMs
        runDue()
        tick(at)
      }
      at = end
      runDue()
    },
    close: () => {
      waiting = []
    },
  }
}
