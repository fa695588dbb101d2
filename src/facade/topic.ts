/** A feed with a way to publish. Readers may open and close at any time, also while an event is being told. */
import { FacadeError } from '../domain/errors.ts'
import type { Feed, FeedReader } from './feed.ts'

export interface Topic<T> extends Feed<T> {
  publish(event: T): void
  /** Tells every reader once; who opens afterwards is told at once. */
  end(error: FacadeError | null): void
  readonly readers: number
}

export interface TopicOptions<T> {
  /** The present state, told to a reader as it opens. */
  readonly present?: () => readonly T[]
  /** The number of readers changed: open the first, linger after the last. */
  readonly readersChanged?: (readers: number) => void
}

interface Seat<T> {
  readonly reader: FeedReader<T>
  isOpen: boolean
}

export const topic = <T>(options: TopicOptions<T> = {}): Topic<T> => {
  // Replaced, never changed: a publish under way goes on over the readers it began with.
  let seats: readonly Seat<T>[] = []
  let ending: { readonly error: FacadeError | null } | null = null

  const leave = (seat: Seat<T>): void => {
    if (!seat.isOpen) return
    seat.isOpen = false
    seats = seats.filter((other) => other !== seat)
    options.readersChanged?.(seats.length)
  }

  const tell = (seat: Seat<T>, event: T): void => {
    try {
      seat.reader.next(event)
    } catch {
      // A reader that throws breaks its own promise; the others must not pay for it.
      leave(seat)
      seat.reader.end(new FacadeError('INTERNAL_SERVER_ERROR', 'A reader failed on an event'))
    }
  }

  return {
    get readers() {
      return seats.length
    },
    open(reader) {
      if (ending !== null) {
        reader.end(ending.error)
        return () => undefined
      }
      const seat: Seat<T> = { reader, isOpen: true }
      const present = options.present?.() ?? []
      seats = [...seats, seat]
      options.readersChanged?.(seats.length)
      for (const event of present) if (seat.isOpen) tell(seat, event)
      return () => leave(seat)
    },
    publish(event) {
      for (const seat of seats) if (seat.isOpen) tell(seat, event)
    },
    end(error) {
      if (ending !== null) return
      ending = { error }
      const told = seats
      seats = []
      for (const seat of told) {
        if (!seat.isOpen) continue
        seat.isOpen = false
        seat.reader.end(error)
      }
      if (told.length > 0) options.readersChanged?.(0)
    },
  }
}
