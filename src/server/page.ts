/**
 * The text of an answer while it is written: what is known stands in it at once, what is still asked for has its
 * place kept and is filled in when it comes. Hides the waiting.
 *
 * Why: a promise for every field and a `Promise.all` for every object cost more than writing a hundred cached prices;
 * one place and one callback for each value that is really waited for cost a third of it.
 */
import type { FieldNode, getArgumentValues } from 'graphql'

/** Coerced variables as graphql-js hands them to `getArgumentValues`. */
export type Variables = NonNullable<Parameters<typeof getArgumentValues>[2]>

/** One execution: what resolvers see, the arguments already computed in it, and how much is still awaited. */
export class Run {
  readonly context: unknown
  readonly variables: Variables
  readonly args = new Map<FieldNode, Record<string, unknown>>()
  readonly #whole = Promise.withResolvers<void>()
  #awaited = 0

  constructor(context: unknown, variables: Variables) {
    this.context = context
    this.variables = variables
  }

  /** Resolves once nothing is awaited any more; rejects when any part failed. */
  whole(): Promise<void> {
    if (this.#awaited === 0) this.#whole.resolve()
    return this.#whole.promise
  }

  /** Calls `use` with the value when it comes. */
  await(value: PromiseLike<unknown>, use: (value: unknown) => void): void {
    this.#awaited++
    const settle = (settled: unknown): void => {
      try {
        use(settled)
      } catch (error) {
        this.#whole.reject(error)
      }
      if (--this.#awaited === 0) this.#whole.resolve()
    }
    value.then(settle, this.#whole.reject)
  }
}

export class Page {
  readonly run: Run
  readonly #parts: (string | Page)[] = []
  #last = ''

  constructor(run: Run) {
    this.run = run
  }

  add(text: string): void {
    this.#last += text
  }

  /** Keeps the place for a text. */
  addLater(value: PromiseLike<unknown>, write: (value: unknown) => string): void {
    const at = this.#keepPlace('')
    this.run.await(value, (settled) => (this.#parts[at] = write(settled)))
  }

  /** Keeps the place for what may in turn have places to keep. */
  writeLater(value: PromiseLike<unknown>, write: (value: unknown, page: Page) => void): void {
    const page = new Page(this.run)
    this.#keepPlace(page)
    this.run.await(value, (settled) => write(settled, page))
  }

  text(): string {
    if (this.#parts.length === 0) return this.#last
    const texts = this.#parts.map((part) => (typeof part === 'string' ? part : part.text()))
    return texts.join('') + this.#last
  }

  #keepPlace(part: string | Page): number {
    this.#parts.push(this.#last, part)
    this.#last = ''
    return this.#parts.length - 1
  }
}
