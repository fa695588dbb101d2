/** What a simulated source has done so far, exactly. */

export interface Counts {
  framesSent: number
  /** Trades inside sent frames, news only, once per connection. */
  tradesSent: number
  /** Book updates sent, once per connection. */
  deltasSent: number
  dropped: number
  duplicated: number
  reordered: number
  silenced: number
  malformed: number
  gaps: number
  badChecksums: number
  /** WebSocket connections accepted so far, and open now. */
  connections: number
  open: number
  refused: number
  disconnected: number
  /** REST requests by path, faulty answers included. */
  requests: Record<string, number>
  /** REST requests answered wrongly on command. */
  spoiled: number
}

export const noCounts = (): Counts => ({
  framesSent: 0,
  tradesSent: 0,
  deltasSent: 0,
  dropped: 0,
  duplicated: 0,
  reordered: 0,
  silenced: 0,
  malformed: 0,
  gaps: 0,
  badChecksums: 0,
  connections: 0,
  open: 0,
  refused: 0,
  disconnected: 0,
  requests: {},
  spoiled: 0,
})
