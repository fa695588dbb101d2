/**
 * Format 1 of packed records: text they are likely to contain, likeliest last. Never edit: see `pack`.
 */
export const DICTIONARY = Buffer.from(
  [
    '"NOT_LISTED""MALFORMED""RATE_LIMITED""CIRCUIT_OPEN""UNAVAILABLE""STALE""OUTLIER"',
    '"TOO_FEW_SOURCES""CONFLICT""LOW_CONFIDENCE""DEGRADED""TRIMMED_MEAN"',
    '"USDT-USD","conversion":{"rate":"1.000","symbol":"USDC-USD"}',
  ].join(''),
)
