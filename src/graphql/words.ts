/** The closed lists of the public contract. Every value stands for itself: the domain's word is the schema's word. */
import { DERIVATIVES_VENUES, INTERVALS, SOURCES, VENUES } from '../domain/market.ts'
import { builder } from './builder.ts'

export const VenueWord = builder.enumType('Venue', {
  description:
    'An exchange whose own word counts for books, spreads, depth and trades. No aggregator is in this list, on purpose.',
  values: VENUES,
})

export const DerivativesVenueWord = builder.enumType('DerivativesVenue', {
  description: 'An exchange whose own word counts for funding and open interest.',
  values: DERIVATIVES_VENUES,
})

export const SourceWord = builder.enumType('Source', {
  description: 'Anyone a price or a volume can be heard from: the exchanges and the aggregators.',
  values: SOURCES,
})

export const IntervalWord = builder.enumType('Interval', {
  description: 'How wide a candle is: M for minutes, H for hours, D for days.',
  values: INTERVALS,
})

export const AuthorityWord = builder.enumType('Authority', {
  description: 'By what right an answer is given.',
  values: {
    EXCHANGE_NATIVE: { description: 'One exchange speaking about itself.' },
    RECONCILED: { description: 'Several sources heard, and one value agreed.' },
  } as const,
})

export const TierWord = builder.enumType('Tier', {
  description: 'Which half of the facade answered.',
  values: {
    HOT: { description: 'Straight from a live stream.' },
    WARM: { description: 'By request: cache, record or REST.' },
  } as const,
})

export const CacheStatusWord = builder.enumType('CacheStatus', {
  description: 'What the cache had to say.',
  values: {
    HIT: { description: 'Held, and within its time to live.' },
    MISS: { description: 'Fetched for this answer.' },
    STALE: {
      description:
        'Older than its time to live and served all the same, because no source answered. Books never are.',
    },
  } as const,
})

export const VerdictWord = builder.enumType('Verdict', {
  description: 'How an agreement ended. Only ACCEPTED and DEGRADED carry a value.',
  values: {
    ACCEPTED: { description: 'Enough independent sources agree.' },
    DEGRADED: {
      description:
        'There is a value, but fewer independent sources stand behind it than the policy asks for.',
    },
    LOW_CONFIDENCE: { description: 'The sources lie too far apart to pass the confidence gate.' },
    CONFLICT: { description: 'Two sources contradict each other and nobody breaks the tie.' },
    TOO_FEW_SOURCES: { description: 'Not enough usable sources were left.' },
  } as const,
})

export const ReconciliationMethodWord = builder.enumType('ReconciliationMethod', {
  description: 'How the kept values become one.',
  values: {
    TRIMMED_MEDIAN: {
      description: 'The middle value of those kept; the mean of the middle two when they are even in number.',
    },
    TRIMMED_MEAN: { description: 'The mean of those kept, after cutting the ends.' },
  } as const,
})

export const DropReasonWord = builder.enumType('DropReason', {
  description: 'Why a source or a venue was set aside.',
  values: {
    OUTLIER: { description: 'Further from the median than the policy allows.' },
    STALE: { description: 'Too old, or its stream is silent.' },
    UNAVAILABLE: { description: 'It did not answer.' },
    CIRCUIT_OPEN: { description: 'It failed too often of late and is not being asked.' },
    RATE_LIMITED: { description: 'Its request budget is used up.' },
    MALFORMED: { description: 'What it sent could not be understood.' },
    NOT_LISTED: { description: 'It does not list this market.' },
  } as const,
})

export const FeedStateWord = builder.enumType('FeedState', {
  description: 'How far a book can be trusted right now.',
  values: {
    LIVE: { description: 'In step with its venue.' },
    RESYNCING: { description: 'A message is missing; a fresh snapshot has been asked for.' },
    STALE: { description: 'The venue hung up or fell silent.' },
  } as const,
})

export const BookChangeKindWord = builder.enumType('BookChangeKind', {
  description: 'What a change does to the book held so far.',
  values: {
    SNAPSHOT: { description: 'Replaces it.' },
    DELTA: { description: 'Amends it, level by level.' },
  } as const,
})

export const SideWord = builder.enumType('Side', {
  description: 'A side of the market.',
  values: ['BUY', 'SELL'] as const,
})

export const StatusWord = builder.enumType('Status', {
  description: 'How well something is.',
  values: {
    OK: { description: 'As it should be.' },
    DEGRADED: { description: 'Works, with something missing.' },
    DOWN: { description: 'Does not work.' },
  } as const,
})

export const CircuitStateWord = builder.enumType('CircuitState', {
  description: 'Whether a source is being asked.',
  values: {
    CLOSED: { description: 'Asked as usual.' },
    OPEN: { description: 'Not asked until `retryAt`.' },
    HALF_OPEN: { description: 'A few trial requests decide.' },
  } as const,
})

export const CacheDriverWord = builder.enumType('CacheDriver', {
  description: 'Where cached answers live.',
  values: {
    MEMORY: { description: 'In the process itself.' },
    REDIS: { description: 'In Redis, shared between processes.' },
  } as const,
})
