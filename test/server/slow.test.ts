/** Readers that do not read: what they cost the others, what they miss, and how they are let go. */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { framesIn, textFrame } from './frames.ts'
import { openStage, settle } from './readers.ts'
import type { Asked, Stage } from './readers.ts'

let stage: Stage
const children: ChildProcess[] = []
const sockets: Socket[] = []
beforeEach(async () => {
  stage = await openStage()
})
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  for (const socket of sockets.splice(0)) socket.destroy()
  await stage.close()
})

/** Sixty kilobytes an event: a peer's and our own kernel's buffers are soon full. */
const WIDE =
  'subscription { book(symbol: "BTC-USD", venue: COINBASE, depth: 1000) { sequence bids { price size } asks { price size } } }'
const TRADES = 'subscription { trades(symbols: ["ETH-USD"]) { sequence } }'

/** Asks, and then reads nothing until told to. */
async function deaf(asked: Readonly<Record<string, Asked>>): Promise<Socket> {
  const socket = connect(stage.server.port, '127.0.0.1')
  sockets.push(socket)
  socket.on('error', () => undefined)
  socket.write(hello(stage.server.port))
  socket.write(textFrame({ type: 'connection_init' }))
  await new Promise<void>((resolve) => {
    const read = (chunk: Buffer) => {
      if (!chunk.includes('connection_ack')) return
      socket.off('data', read)
      socket.pause()
      resolve()
    }
    socket.on('data', read)
  })
  for (const [id, payload] of Object.entries(asked))
    socket.write(textFrame({ id, type: 'subscribe', payload }))
  return socket
}

const hello = (port: number): string =>
  `GET /graphql HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n' +
  'Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n'

/** The JSON messages a socket has been sent, and its close code, from now on. */
function listen(socket: Socket) {
  const heard = {
    messages: [] as { id?: string; type: string; payload?: unknown }[],
    code: null as number | null,
  }
  let bytes: Buffer = Buffer.alloc(0)
  socket.on('data', (chunk) => {
    const { frames, rest } = framesIn(Buffer.concat([bytes, chunk]))
    bytes = rest
    for (const { opcode, body } of frames) {
      if (opcode === 8) heard.code = body.readUInt16BE(0)
      else if (opcode === 1) heard.messages.push(JSON.parse(body.toString()) as { type: string })
    }
  })
  socket.resume()
  return heard
}

/** Moves the wide book until our own memory holds something for the deaf. */
async function fill(least = 1): Promise<void> {
  for (let n = 0; stage.fanout.queuedBytes() < least; n++) {
    stage.moveBook('BTC-USD')
    await settle(1)
    if (n > 5_000) throw new Error('the socket takes everything')
  }
}

const sequencesOf = (messages: readonly { id?: string; type: string; payload?: unknown }[], id: string) =>
  messages
    .filter((message) => message.id === id && message.type === 'next')
    .map(
      ({ payload }) =>
        (Object.values((payload as { data: object }).data)[0] as { sequence: unknown }).sequence,
    )

describe('a reader that stops reading', () => {
  it('costs the others nothing, holds a bounded amount, and is closed as slow', async () => {
    const good = await stage.reader()
    good.subscribe('1', { query: WIDE })
    good.subscribe('2', { query: TRADES })
    for (let n = 0; n < 5; n++) await deaf({ a: { query: WIDE }, b: { query: TRADES } })
    await expect.poll(() => stage.fanout.readers()).toBe(12)
    await fill(5 * 1024)
    for (let n = 0; n < 300; n++) {
      stage.moveBook('BTC-USD')
      stage.print('ETH-USD')
      await settle(1)
    }
    await expect.poll(() => good.results('2').length).toBe(300)
    expect(stage.fanout.queuedBytes()).toBeLessThan(5 * 1024 * 1024)

    stage.clock.advance(11_000)
    expect(stage.fanout.counts.slowConsumers).toBe(10)
    await expect.poll(() => stage.fanout.readers()).toBe(2)
    stage.clock.advance(5_000)
    await expect.poll(() => stage.fanout.queuedBytes()).toBe(0)
    expect(stage.fanout.lanes()).toBe(1)
    stage.print('ETH-USD')
    await expect.poll(() => good.results('2').length).toBe(301)
    expect(good.closed).toBeNull()
  })

  it('and listens again in time is told that it was slow, and why it was closed', async () => {
    const socket = await deaf({ a: { query: WIDE }, b: { query: TRADES } })
    await expect.poll(() => stage.fanout.readers()).toBe(2)
    await fill()
    stage.moveBook('BTC-USD')
    stage.print('ETH-USD')
    await settle(5)
    stage.clock.advance(11_000)
    const heard = listen(socket)
    await expect.poll(() => heard.code).toBe(4413)
    expect(heard.messages.filter(({ type }) => type === 'error')).toMatchObject([
      { id: 'a', payload: [{ extensions: { code: 'SLOW_CONSUMER' } }] },
      { id: 'b', payload: [{ extensions: { code: 'SLOW_CONSUMER' } }] },
    ])
  })

  it('for a while finds the newest book, and a hole where trades did not fit', async () => {
    const socket = await deaf({ a: { query: WIDE }, b: { query: TRADES } })
    await expect.poll(() => stage.fanout.readers()).toBe(2)
    await fill()
    for (let n = 0; n < 250; n++) {
      stage.moveBook('BTC-USD')
      stage.print('ETH-USD')
    }
    await settle(3)
    expect(stage.fanout.counts.conflations).toBeGreaterThan(200)
    const { drops } = stage.fanout.counts
    expect(drops).toBe(150)
    const heard = listen(socket)
    await expect.poll(() => sequencesOf(heard.messages, 'b').length).toBe(100)
    stage.print('ETH-USD')
    await expect.poll(() => sequencesOf(heard.messages, 'b').length).toBe(101)
    expect(sequencesOf(heard.messages, 'b')).toEqual([...Array.from({ length: 100 }, (_, at) => at + 1), 251])
    const books = sequencesOf(heard.messages, 'a').map(Number)
    expect(books).toEqual(books.toSorted((one, other) => one - other))
    const newest = books.at(-1) ?? 0
    stage.moveBook('BTC-USD')
    await expect.poll(() => Number(sequencesOf(heard.messages, 'a').at(-1))).toBe(newest + 1)
    // Caught up, it is forgiven.
    stage.clock.advance(11_000)
    expect(stage.fanout.counts.slowConsumers).toBe(0)
    expect(stage.fanout.readers()).toBe(2)
  })

  it('hears the end of its stream only behind what waited for it', async () => {
    const socket = await deaf({ a: { query: WIDE }, b: { query: TRADES } })
    await expect.poll(() => stage.fanout.readers()).toBe(2)
    await fill()
    for (let n = 0; n < 40; n++) stage.print('ETH-USD')
    stage.endTrades('ETH-USD', null)
    await settle(3)
    expect(stage.fanout.readers()).toBe(2)
    const heard = listen(socket)
    await expect.poll(() => heard.messages.at(-1)?.type).toBe('complete')
    expect(sequencesOf(heard.messages, 'b')).toHaveLength(40)
    expect(stage.fanout.readers()).toBe(1)
  })

  it('because its whole process is stopped is no different', async () => {
    const said = [{ type: 'connection_init' }, { id: 'a', type: 'subscribe', payload: { query: WIDE } }]
    const [init, subscribe] = said.map((message) => textFrame(message).toString('base64'))
    const code = `
      const socket = require('node:net').connect(${stage.server.port}, '127.0.0.1')
      socket.write(Buffer.from('${Buffer.from(hello(stage.server.port)).toString('base64')}', 'base64'))
      socket.write(Buffer.from('${init}', 'base64'))
      socket.on('data', (chunk) => {
        if (chunk.includes('connection_ack')) socket.write(Buffer.from('${subscribe}', 'base64'))
      })`
    const child = spawn(process.execPath, ['-e', code], { stdio: 'ignore' })
    children.push(child)
    const good = await stage.reader()
    good.subscribe('1', { query: TRADES })
    await expect.poll(() => stage.fanout.readers()).toBe(2)
    child.kill('SIGSTOP')
    await fill()
    stage.moveBook('BTC-USD')
    stage.print('ETH-USD')
    await expect.poll(() => good.results('1').length).toBe(1)
    stage.clock.advance(11_000)
    await expect.poll(() => stage.fanout.readers()).toBe(1)
    stage.clock.advance(5_000)
    await expect.poll(() => stage.fanout.queuedBytes()).toBe(0)
  })
})

describe('a thousand readers of a hundred topics, half of them deaf', () => {
  it('are never given what others asked for', async () => {
    const symbols = ['BTC-USD', 'ETH-USD', 'SOL-USD', 'BTC-USDT']
    const good = await Promise.all(Array.from({ length: 20 }, () => stage.reader()))
    const askedBy = (n: number): { readonly symbol: string; readonly asked: Asked } => {
      const symbol = symbols[n % symbols.length] as string
      const query = `subscription T${n % 25}($s: [Symbol!]!) { trades(symbols: $s) { symbol sequence } }`
      return { symbol, asked: { query, variables: { s: [symbol] } } }
    }
    for (let n = 0; n < 500; n++) good[n % 20]?.subscribe(String(n), askedBy(n).asked)
    for (let socket = 0; socket < 20; socket++) {
      const ids = Array.from({ length: 25 }, (_, at) => at * 20 + socket)
      await deaf(Object.fromEntries(ids.map((n) => [String(n), askedBy(n).asked])))
    }
    await expect.poll(() => stage.fanout.readers(), { timeout: 10_000 }).toBe(1_000)
    expect(stage.fanout.topics()).toBe(100)
    for (let n = 0; n < 50; n++) {
      for (const symbol of symbols) stage.print(symbol)
      await settle(1)
    }
    const count = () => good.reduce((sum, reader) => sum + reader.messages.length, 0)
    await expect.poll(count, { timeout: 10_000 }).toBe(500 * 50)
    let misdelivered = 0
    for (let n = 0; n < 500; n++) {
      for (const result of good[n % 20]?.results(String(n)) ?? []) {
        const { trades } = (result as { data: { trades: { symbol: string } } }).data
        if (trades.symbol !== askedBy(n).symbol) misdelivered++
      }
    }
    expect(misdelivered).toBe(0)
  })
})
