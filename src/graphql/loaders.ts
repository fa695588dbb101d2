/**
 * Hides batching: whatever one operation asks of the warm tier in one tick becomes one call per kind, and
 * the same question asked twice is asked once. For queries only: a subscription's context outlives freshness.
 */
import DataLoader from 'dataloader'
import type { Funding, Liquidity, OpenInterest, Vadr } from '../domain/answer.ts'
import type { Price, Volume } from '../domain/attribution.ts'
import type { Outcome } from '../domain/errors.ts'
import type {
  AtDerivativesVenue,
  AtSymbol,
  AtVenue,
  LiquidityRequest,
  PriceRequest,
  Warm,
} from '../facade/facade.ts'

export interface Loaders {
  readonly prices: Loader<PriceRequest, Price>
  readonly volumes: Loader<AtSymbol, Volume>
  readonly vadr: Loader<AtVenue, Vadr>
  readonly liquidity: Loader<LiquidityRequest, Liquidity>
  readonly funding: Loader<AtDerivativesVenue, Funding>
  readonly openInterest: Loader<AtDerivativesVenue, OpenInterest>
}

/** Rejects with the outcome's `FacadeError`. */
export interface Loader<Request, Answer> {
  load(request: Request): Promise<Answer>
}

type Batch<Request, Answer> = (requests: readonly Request[]) => Promise<readonly Outcome<Answer>[]>

/** `signal` is aborted when the asker of this operation hangs up. */
export function createLoaders(warm: Warm, signal?: AbortSignal): Loaders {
  return {
    prices: batched(
      (requests) => warm.prices(requests, signal),
      ({ symbol, asOf, method }) => `${symbol}|${asOf}|${method}`,
    ),
    volumes: batched(
      (requests) => warm.volumes(requests, signal),
      ({ symbol, asOf }) => `${symbol}|${asOf}`,
    ),
    vadr: batched((requests) => warm.vadr(requests, signal), atVenue),
    liquidity: batched(
      (requests) => warm.liquidity(requests, signal),
      (request) => `${atVenue(request)}|${request.withinPercent}`,
    ),
    funding: batched<AtDerivativesVenue, Funding>((requests) => warm.funding(requests, signal), atVenue),
    openInterest: batched<AtDerivativesVenue, OpenInterest>(
      (requests) => warm.openInterest(requests, signal),
      atVenue,
    ),
  }
}

/** The DataLoader is made by its first question, so that an operation without one (a subscription) pays nothing. */
function batched<Request, Answer>(
  ask: Batch<Request, Answer>,
  keyOf: (request: Request) => string,
): Loader<Request, Answer> {
  let loader: DataLoader<Request, Answer, string> | null = null
  return {
    load(request) {
      loader ??= new DataLoader(async (requests) => (await ask(requests)).map(answerOrError), {
        cacheKeyFn: keyOf,
      })
      return loader.load(request)
    },
  }
}

function answerOrError<Answer>(outcome: Outcome<Answer>): Answer | Error {
  return outcome.ok ? outcome.value : outcome.error
}

function atVenue({ symbol, venue, asOf }: AtVenue): string {
  return `${symbol}|${venue}|${asOf}`
}
