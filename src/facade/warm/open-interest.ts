/** How much is held open in a perpetual, as its venue counts it, in base units. */
import type { OpenInterest } from '../../domain/answer.ts'
import { openInterestText } from '../../domain/text.ts'
import type { OpenInterestReading } from '../../sources/source.ts'
import { textOf } from './decided.ts'
import { createDerivatives } from './derivatives.ts'
import type { Derivatives } from './derivatives.ts'
import { sendAll } from './pages.ts'
import type { WarmParts } from './parts.ts'

export const createOpenInterest = (parts: WarmParts): Derivatives<OpenInterest> =>
  createDerivatives<OpenInterestReading, OpenInterest>(parts, {
    name: 'openInterest',
    noun: 'open interest',
    ttlClass: 'open_interest',
    fetch: ({ source, perpetuals, transport }, signal) =>
      sendAll(transport, source.openInterest(perpetuals), signal),
    view(row, venue, symbol, attribution) {
      const text = openInterestText({ venue, instrument: row.instrument })
      return {
        ...row,
        symbol,
        venue,
        attribution: { ...attribution, text: textOf(text, attribution.cache, parts.clock.now()) },
      }
    },
  })
