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
  let marked: Job[] = []
  let running: Job[] = []
  const runAll = () => {
    const jobs = marked
    marked = running
    running = jobs
    for (const job of jobs) {
      job.isMarked = false
      job.run()
    }
    jobs.length = 0
  }
  return {
    mark(job) {
      if (job.isMarked) return
      job.isMarked = true
      if (marked.push(job) === 1) defer(runAll)
    },
  }
}
