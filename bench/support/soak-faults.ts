/** Trouble for a soak: one seeded fault after another, each with the time to be felt before the next one. */
import { VENUES } from '../../src/domain/market.ts'
import type { Venue } from '../../src/domain/market.ts'
import type { Simulation } from '../../src/sim/simulation.ts'

export interface Trouble {
  /** Frames nobody can read, sent to each venue's connections. */
  readonly malformed: Readonly<Record<Venue, number>>
  readonly cuts: number
  readonly struck: Readonly<Record<string, number>>
}

const PAUSE_MS = 400
const KINDS = [
  'drop',
  'duplicate',
  'reorder',
  'lost trade',
  'malformed',
  'disconnect',
  'spoiled',
  'rest',
  'lag',
] as const

/** Goes on until `isOver`; what it did is counted as it goes. */
export async function makeTrouble(
  simulation: Simulation,
  { random, isOver }: { readonly random: () => number; readonly isOver: () => boolean },
): Promise<Trouble> {
  const malformed = Object.fromEntries(VENUES.map((venue) => [venue, 0])) as Record<Venue, number>
  const struck: Record<string, number> = {}
  let cuts = 0
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T
  while (!isOver()) {
    const kind = pick(KINDS)
    const source = pick(VENUES)
    struck[kind] = (struck[kind] ?? 0) + 1
    switch (kind) {
      case 'drop':
      case 'duplicate':
      case 'reorder':
        simulation.fault({ kind, source, count: 1, frames: 'book', durationMs: PAUSE_MS })
        break
      case 'lost trade':
        simulation.fault({ kind: 'drop', source, count: 1, frames: 'trade', durationMs: PAUSE_MS })
        break
      case 'malformed':
        malformed[source] += simulation.fault({ kind, source, count: 20 }).applied
        break
      case 'disconnect':
        cuts += simulation.fault({ kind, source, ...(random() < 0.5 ? {} : { code: 1001 }) }).applied
        break
      case 'spoiled':
        simulation.fault({ kind: 'gap', source: 'COINBASE', count: 1, durationMs: PAUSE_MS })
        simulation.fault({ kind: 'badChecksum', source: 'KRAKEN', count: 1, durationMs: PAUSE_MS })
        break
      case 'rest':
        simulation.fault({ kind: 'status', source, status: 503, count: 2, durationMs: PAUSE_MS })
        break
      case 'lag':
        simulation.fault({ kind, source, ms: 60, durationMs: PAUSE_MS })
        break
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
  }
  simulation.clear()
  return { malformed, cuts, struck }
}
