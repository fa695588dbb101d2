/** An async iterator that yields nothing: parked until its stream ends or its owner returns it. */

export interface Parked {
  readonly iterator: AsyncIterableIterator<never>
  readonly end: (error: Error | null) => void
}

export function park(onReturn: () => void): Parked {
  const { promise, resolve, reject } = Promise.withResolvers<IteratorResult<never>>()
  promise.catch(() => undefined)
  const iterator: AsyncIterableIterator<never> = {
    [Symbol.asyncIterator]: () => iterator,
    next: () => promise,
    return: () => {
      onReturn()
      resolve(DONE)
      return Promise.resolve(DONE)
    },
  }
  return { iterator, end: (error) => (error === null ? resolve(DONE) : reject(error)) }
}

const DONE: IteratorResult<never> = { done: true, value: undefined }
