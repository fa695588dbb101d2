/**
 * Where a reader stands. Every trade of the process gets one rising number, so that one number says where a
 * reader of many markets stands; the epoch changes with every process, so that an old cursor is refused
 * and never mistaken.
 */
import { refused, answered } from '../../domain/errors.ts'
import type { Outcome } from '../../domain/errors.ts'

/** The one counter all tapes of a process draw from. */
export interface TapeOrder {
  readonly epoch: string
  /** The number given last. */
  readonly last: number
  next(): number
  cursorAt(number: number): string
}

export function createTapeOrder(epoch: string): TapeOrder {
  let last = 0
  return {
    epoch,
    get last() {
      return last
    },
    next: () => ++last,
    cursorAt: (number) => `${epoch}.${number}`,
  }
}

const CURSOR = /^([0-9a-z]{1,40})\.(\d{1,15})$/

/** The number behind a cursor of this process; `earliest` is the oldest cursor that would do instead. */
export function readCursor(text: string, epoch: string, earliest: () => string | null): Outcome<number> {
  const match = CURSOR.exec(text)
  if (match === null) {
    return refused('BAD_USER_INPUT', `"${text.slice(0, 60)}" is not a cursor of this stream`, {
      argument: 'after',
      limit: 'a cursor received from this stream',
    })
  }
  if (match[1] !== epoch) return expired(earliest())
  return answered(Number(match[2]))
}

export function expired(earliest: string | null): Outcome<never> {
  return refused('RESUME_EXPIRED', 'The place to resume from is no longer held; start over', { earliest })
}
