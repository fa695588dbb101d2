/** The event every contender fans out: a book of 20 levels a side with its attribution, changing each time. */
export const DOCUMENT = `subscription Ladder($symbol: Symbol!, $venue: Venue!) {
  book(symbol: $symbol, venue: $venue, depth: 20) {
    symbol venue state bids { price size } asks { price size } mid spread sequence observedAt
    attribution { authority sources confidence tier text observedAt receivedAt }
  }
}`

export const variablesOf = (symbol) => ({ symbol, venue: 'COINBASE' })

const T0 = Date.UTC(2026, 0, 2, 3, 4, 5)

export function bookEvent(symbol, n) {
  const at = T0 + n * 10
  return {
    symbol,
    venue: 'COINBASE',
    state: 'LIVE',
    bids: levels(n, -1),
    asks: levels(n, 1),
    mid: '64213.455',
    spread: '0.01',
    spreadBps: 0.00155,
    sequence: String(1_000_000 + n),
    observedAt: at,
    attribution: {
      authority: 'EXCHANGE_NATIVE',
      sources: ['COINBASE'],
      confidence: 1,
      tier: 'HOT',
      text: 'Coinbase order book, in step with the venue',
      observedAt: at,
      receivedAt: at + 3,
      cache: null,
      snapshot: null,
    },
  }
}

function levels(n, side) {
  return Array.from({ length: 20 }, (_, index) => ({
    price: (64213.45 + side * (index + 1) * 0.37).toFixed(2),
    size: (((index * 7 + n) % 97) / 13 + 0.01).toFixed(8),
  }))
}

export const iso = (at) => new Date(at).toISOString()
