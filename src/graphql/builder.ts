/** Hides Pothos' set-up: which TypeScript value stands behind each scalar, and that fields answer unless they say `nullable`. */
import SchemaBuilder from '@pothos/core'
import type { Decimal, Instant } from '../domain/attribution.ts'
import type { MarketSymbol } from '../domain/market.ts'
import type { OperationContext } from './context.ts'

export interface SchemaTypes {
  readonly Context: OperationContext
  readonly DefaultFieldNullability: false
  readonly Scalars: {
    readonly Decimal: { readonly Input: Decimal; readonly Output: Decimal }
    readonly DateTime: { readonly Input: Instant; readonly Output: Instant }
    readonly Symbol: { readonly Input: MarketSymbol; readonly Output: MarketSymbol }
    readonly ID: { readonly Input: string; readonly Output: string }
  }
}

export const builder = new SchemaBuilder<SchemaTypes>({ defaultFieldNullability: false })

builder.queryType({ description: 'Asked once, answered once: prices, candles, books, records and health.' })
builder.subscriptionType({
  description:
    'Live data over `graphql-transport-ws` (or server-sent events). A refusal comes before the first event.',
})
