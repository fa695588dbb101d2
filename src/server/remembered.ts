/**
 * Texts kept with the immutable values they were made of.
 *
 * Why: a cached price is serialised once per selection and not once per query, and the ladder of a book once for all
 * operations that select it alike: twenty operations on each of fifty books went from 15,000 to 50,000 delivered/s.
 */
import type { PlainWriter } from './writers.ts'

/** Text by identity of the value, for as long as the value lives. */
export function remembered(write: PlainWriter['write']): PlainWriter['write'] {
  const texts = new WeakMap<object, string>()
  return (value) => {
    if (typeof value !== 'object' || value === null) return write(value)
    const known = texts.get(value)
    if (known !== undefined) return known
    const text = flat(write(value))
    texts.set(value, text)
    return text
  }
}

/** `part`: what of an event it writes; the two ladders of a book take turns and must not share one memory. */
export type Shared = (part: string, writer: PlainWriter) => PlainWriter

const MOST_SHARED = 1_000
const NOTHING = Symbol('nothing yet')

/**
 * Writers of equal selections become one that remembers the value it wrote last. One is enough where an event goes to
 * all operations before the next one comes, and costs the collector nothing, where a map by identity would.
 */
export function createShared(): Shared {
  const known = new Map<string, PlainWriter>()
  return (part, writer) => {
    const key = `${part} ${writer.selection}`
    const found = known.get(key)
    if (found !== undefined) return found
    const { write } = writer
    let last: unknown = NOTHING
    let text = ''
    const shared: PlainWriter = {
      ...writer,
      write: (value) => {
        if (value === last) return text
        text = flat(write(value))
        last = value
        return text
      },
    }
    if (known.size >= MOST_SHARED) known.clear()
    known.set(key, shared)
    return shared
  }
}

/** Reading a character makes V8 lay hundreds of joined pieces out flat: once here, and not again in every frame. */
export function flat(text: string): string {
  text.charCodeAt(0)
  return text
}
