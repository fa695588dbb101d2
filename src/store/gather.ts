/**
 * Reads that are asked for in one turn of the event loop go out as one. Hides the waiting: whoever asks for
 * prices and whoever asks for volumes beside them pay one round trip between them.
 */

export type Gathered<T> = (keys: readonly string[]) => Promise<T>

/** `fetch` gets the keys of all who asked, `cut` gives one of them his part: `count` replies from `from` on. */
export function gather<R, T>(
  fetch: (keys: readonly string[]) => Promise<R>,
  cut: (reply: R, from: number, count: number) => T,
): Gathered<T> {
  let waiting: string[] = []
  let flight: Promise<R> | null = null

  const depart = (): Promise<R> =>
    Promise.resolve().then(() => {
      const keys = waiting
      waiting = []
      flight = null
      return fetch(keys)
    })

  return async (keys) => {
    const from = waiting.length
    waiting.push(...keys)
    flight ??= depart()
    return cut(await flight, from, keys.length)
  }
}
