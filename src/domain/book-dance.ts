/**
 * The closed union of ways a venue lets a book be kept in step. Each is implemented once, in `book`.
 * - `rangeJoin`: deltas carry [first,last]; buffered and joined to a REST snapshot; then first === last+1.
 * - `chain`: in-stream snapshot, then `previous` of each delta equals the last id seen.
 * - `checksum`: in-stream snapshot; after each frame the book is cut to `depth` and its CRC-32 compared.
 * - `connectionSequence`: in-stream snapshot; every frame of the connection is counted from 0 by one.
 */
export type BookDance =
  | { readonly kind: 'rangeJoin' }
  | { readonly kind: 'chain' }
  | { readonly kind: 'checksum'; readonly depth: number }
  | { readonly kind: 'connectionSequence' }
