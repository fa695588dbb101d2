/** A plain per-reader queue as an async iterator: what the graphql-js and JIT contenders read from. */
export function topic() {
  const readers = new Set()
  return {
    publish: (event) => {
      for (const reader of readers) reader(event)
    },
    subscribe() {
      const queue = []
      let wake = null
      const read = (event) => {
        if (wake) {
          const resolve = wake
          wake = null
          resolve({ done: false, value: event })
        } else queue.push(event)
      }
      readers.add(read)
      return {
        [Symbol.asyncIterator]() {
          return this
        },
        next: () =>
          queue.length > 0
            ? Promise.resolve({ done: false, value: queue.shift() })
            : new Promise((resolve) => (wake = resolve)),
        return: () => {
          readers.delete(read)
          wake?.({ done: true, value: undefined })
          return Promise.resolve({ done: true, value: undefined })
        },
      }
    },
  }
}
