/** A bounded map: hides how the least recently used make room. Weight is whatever the caller counts in, usually bytes. */

interface Held<V> {
  readonly value: V
  readonly weight: number
}

export class Recent<V> {
  readonly #held = new Map<string, Held<V>>()
  readonly #maxWeight: number
  readonly #onEvicted: (key: string, value: V) => void
  #weight = 0

  constructor(maxWeight: number, onEvicted: (key: string, value: V) => void = () => {}) {
    this.#maxWeight = maxWeight
    this.#onEvicted = onEvicted
  }

  get size(): number {
    return this.#held.size
  }

  get weight(): number {
    return this.#weight
  }

  get(key: string): V | undefined {
    const held = this.#held.get(key)
    if (held === undefined) return undefined
    this.#held.delete(key)
    this.#held.set(key, held)
    return held.value
  }

  /** Looks without counting as use. */
  peek(key: string): V | undefined {
    return this.#held.get(key)?.value
  }

  set(key: string, value: V, weight = 1): void {
    this.delete(key)
    if (weight > this.#maxWeight) return
    this.#held.set(key, { value, weight })
    this.#weight += weight
    for (const [oldest, { value: evicted }] of this.#held) {
      if (this.#weight <= this.#maxWeight) break
      this.delete(oldest)
      this.#onEvicted(oldest, evicted)
    }
  }

  delete(key: string): void {
    const held = this.#held.get(key)
    if (held === undefined) return
    this.#held.delete(key)
    this.#weight -= held.weight
  }

  /** Least recently used first. */
  *[Symbol.iterator](): IterableIterator<[string, V]> {
    for (const [key, { value }] of this.#held) yield [key, value]
  }

  clear(): void {
    this.#held.clear()
    this.#weight = 0
  }
}

/** About how many bytes a JSON value takes, from a look at its shape: long arrays are judged by their first element. */
export function roughBytes(value: unknown): number {
  if (typeof value === 'string') return 16 + value.length
  if (typeof value !== 'object' || value === null) return 8
  if (Array.isArray(value)) return 16 + value.length * (value.length === 0 ? 0 : roughBytes(value[0]))
  let bytes = 16
  for (const key in value) bytes += 8 + roughBytes((value as Record<string, unknown>)[key])
  return bytes
}
