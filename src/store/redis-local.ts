/** What this process knows of a value Redis holds, so that an unchanged one is the same object again. */
import type { Entry } from './store.ts'

export interface Local {
  readonly entry: Entry
  tag: Buffer
  /** Monotonic. */
  readonly until: number
  isWritten: boolean
  /** The reading of Redis that last found it unchanged. */
  checked?: Checked | null
}

export interface Checked {
  /** What the last write of anybody left beside the entries. */
  readonly stamp: string
  /** Monotonic: believed no longer than this, whatever the stamp says. */
  readonly until: number
}
