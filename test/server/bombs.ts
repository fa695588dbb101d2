/** Documents made to cost a server dearly, one of each kind known. */
const many = (count: number, make: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => make(index)).join(' ')
const nested = (depth: number): string => `${'{ a'.repeat(depth)} { b } ${'}'.repeat(depth)}`
const fanOut = (levels: number): string =>
  `{ ...f0 } ${many(levels, (level) => `fragment f${level} on Query { ...f${level + 1} ...f${level + 1} }`)} ` +
  `fragment f${levels} on Query { market(symbol: "BTC-USD") { price { value } } }`

export const BOMBS: Readonly<Record<string, string>> = {
  '50 fields inside each other': nested(50),
  '200 fields inside each other': nested(200),
  '20,000 fields inside each other': nested(20_000),
  '60 aliases': `{ ${many(60, (index) => `a${index}: symbols`)} }`,
  '1,000 aliases': `{ ${many(1_000, (index) => `a${index}: symbols`)} }`,
  '10,000 aliases': `{ ${many(10_000, (index) => `a${index}: symbols`)} }`,
  'fragments that double 18 times': fanOut(18),
  'fragments that double 60 times': fanOut(60),
  'fragments that double to nothing': `{ ...f0 } ${many(29, (level) => `fragment f${level} on Query { ...f${level + 1} ...f${level + 1} }`)}`,
  'fragments in a circle': '{ ...a } fragment a on Query { ...b } fragment b on Query { symbols ...a }',
  '1,000 directives': `{ symbols ${'@skip(if: false) '.repeat(1_000)} }`,
  '40 directives': `{ symbols ${'@a '.repeat(40)} }`,
  'one field 3,000 times': `{ ${'symbols '.repeat(3_000)} }`,
  'one field 900 times': `{ ${'symbols '.repeat(900)} }`,
  'overlapping selections, 1,500 of them': `{ ${'health { status } '.repeat(1_500)} }`,
  'types of fields of types':
    '{ __schema { types { fields { type { fields { type { fields { type { fields { name } } } } } } } } } }',
  'aliases behind a name of the schema': `query __schema { ...__type } fragment __type on Query { ${many(60, (index) => `__a${index}: symbols`)} }`,
  'lists that multiply': `{ ${many(3, (index) => `k${index}: klines(symbol: "BTC-USD", interval: M1, last: 5000) { nodes { open high low close volume openTime } }`)} }`,
  'every source for every market': `{ markets(symbols: [${'"BTC-USD" '.repeat(400)}]) { ${many(20, (index) => `v${index}: vadr(venue: BINANCE) { value }`)} } }`,
}
