/** Gathers what changed within one turn of the event loop, so that a burst of frames publishes once. */

export interface Job {
  isMarked: boolean
  run(): void
}

export interface Turn {
  /** Runs the job once at the end of this turn, however often it is marked. */
  mark(job: Job): void
}

export function createTurn(defer: (run: () => void) => void): Turn {
  const marked: Job[] = []
  const runAll = () => {
    // What a job marks in turn runs behind it, in this same turn.
    for (let at = 0; at < marked.length; at += 1) {
      const job = marked[at]
      if (job === undefined) continue
      job.isMarked = false
      job.run()
    }
    marked.length = 0
  }
  return {
    mark(job) {
      if (job.isMarked) return
      job.isMarked = true
      if (marked.push(job) === 1) defer(runAll)
    },
  }
}
