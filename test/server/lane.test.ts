import { Writable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { Lane, Turn } from '../../src/server/lane.ts'
import { framesIn } from './frames.ts'

/** A peer whose socket takes what it is given only when told to. */
class Peer extends Writable {
  readonly writes: Buffer[] = []
  isTaking = true
  #taken: (() => void) | null = null

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.writes.push(chunk)
    if (this.isTaking) done()
    else this.#taken = done
  }

  take(): void {
    this.isTaking = true
    this.#taken?.()
  }
}

const turnEnds = () => new Promise((resolve) => setImmediate(resolve))

const textsIn = (writes: readonly Buffer[]): readonly string[] =>
  framesIn(Buffer.concat(writes)).frames.map(({ body }) => body.toString())

describe('a lane', () => {
  it('writes what one turn owes in a single write of whole frames, whatever their length', async () => {
    const peer = new Peer()
    const lane = new Lane(peer, new Turn())
    const bodies = [0, 100, 121, 122, 65_530, 65_531, 70_000].map((length) => 'x'.repeat(length))
    for (const body of bodies) lane.send('head', body)
    expect(peer.writes).toHaveLength(0)
    await turnEnds()
    expect(peer.writes).toHaveLength(1)
    expect(textsIn(peer.writes)).toEqual(bodies.map((body) => `head${body}`))
  })

  it('is congested while the peer has not taken what was written, and says when it has', async () => {
    const peer = new Peer()
    peer.isTaking = false
    const lane = new Lane(peer, new Turn())
    let drains = 0
    lane.onDrain = () => drains++
    lane.send('', 'x'.repeat(200_000))
    lane.flush()
    expect(lane.isCongested).toBe(true)
    expect(lane.queuedBytes).toBeGreaterThan(200_000)
    peer.take()
    await turnEnds()
    expect(drains).toBe(1)
    expect(lane.isCongested).toBe(false)
    expect(lane.queuedBytes).toBe(0)
  })

  it('is congested by more than half a megabyte owed in one turn', () => {
    const lane = new Lane(new Peer(), new Turn())
    for (let n = 0; n < 10; n++) lane.send('', 'x'.repeat(60_000))
    expect(lane.isCongested).toBe(true)
  })

  it('forgets what it owes to a peer that is gone', async () => {
    const peer = new Peer()
    const lane = new Lane(peer, new Turn())
    lane.send('', 'late')
    peer.destroy()
    await turnEnds()
    expect(peer.writes).toHaveLength(0)
    expect(lane.queuedBytes).toBe(0)
  })
})

describe('a turn', () => {
  it('writes to every lane once, and only then runs what comes afterwards', async () => {
    const turn = new Turn()
    const peers = [new Peer(), new Peer()]
    const lanes = peers.map((peer) => new Lane(peer, turn))
    const seen: number[] = []
    turn.afterwards(() => seen.push(...peers.map(({ writes }) => writes.length)))
    for (let n = 0; n < 3; n++) for (const lane of lanes) lane.send('', 'x')
    await turnEnds()
    expect(seen).toEqual([1, 1])
  })

  it('goes on with what is owed while it ends', async () => {
    const turn = new Turn()
    const peer = new Peer()
    const lane = new Lane(peer, turn)
    lane.send('', 'one')
    turn.afterwards(() => lane.send('', 'two'))
    await turnEnds()
    await turnEnds()
    expect(textsIn(peer.writes)).toEqual(['one', 'two'])
  })
})
