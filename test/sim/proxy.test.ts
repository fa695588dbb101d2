/** The misbehaving line between us and a venue. */
import { connect, createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { startProxy } from '../../src/sim/proxy.ts'
import type { Proxy } from '../../src/sim/proxy.ts'

let server: Server
let proxy: Proxy
const served = new Set<Socket>()

beforeEach(async () => {
  // Says back what it hears.
  server = createServer((socket) => {
    served.add(socket)
    socket.on('error', () => {})
    socket.pipe(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  proxy = await startProxy({ target: { port: (server.address() as AddressInfo).port } })
})
afterEach(async () => {
  await proxy.close()
  for (const socket of served) socket.destroy()
  await new Promise((resolve) => server.close(resolve))
})

interface Client {
  readonly socket: Socket
  readonly heard: () => string
  readonly until: (length: number) => Promise<string>
  readonly ended: Promise<string>
}

async function client(): Promise<Client> {
  const socket = connect(proxy.port, '127.0.0.1')
  let text = ''
  let reason = 'closed'
  socket.on('data', (bytes) => (text += bytes.toString('latin1')))
  socket.on('error', (error) => (reason = String((error as NodeJS.ErrnoException).code)))
  const ended = new Promise<string>((resolve) => socket.on('close', () => resolve(reason)))
  await Promise.race([ended, new Promise<void>((resolve) => socket.once('connect', resolve))])
  return {
    socket,
    ended,
    heard: () => text,
    until: async (length) => {
      await expect.poll(() => text.length, { interval: 5 }).toBeGreaterThanOrEqual(length)
      return text
    },
  }
}

test('passes everything on, both ways', async () => {
  const { socket, until } = await client()
  const sent = 'x'.repeat(200_000)
  socket.write(sent)
  expect(await until(sent.length)).toBe(sent)
  expect(proxy.counts()).toEqual({ accepted: 1, open: 1, refused: 0, corrupted: 0 })
  socket.destroy()
})

test('delays and throttles without losing or mixing a byte', async () => {
  const { socket, heard, until } = await client()
  proxy.set({ latencyMs: 60 })
  socket.write('first ')
  await new Promise((resolve) => setTimeout(resolve, 20))
  socket.write('second')
  expect(heard()).toBe('')
  expect(await until(12)).toBe('first second')
  proxy.set({ bytesPerSecond: 20_000 })
  const sent = Array.from({ length: 600 }, (_, at) => String(at).padStart(5, '0')).join('')
  socket.write(sent)
  await until(13)
  expect(heard().length).toBeLessThan(12 + sent.length)
  expect((await until(12 + sent.length)).slice(12)).toBe(sent)
  socket.destroy()
})

test('swallows everything in a black hole, and nobody is told; what comes after it arrives again', async () => {
  const { socket, heard, until } = await client()
  proxy.set({ isBlackHole: true })
  socket.write('lost')
  await new Promise((resolve) => setTimeout(resolve, 50))
  expect([heard(), socket.destroyed]).toEqual(['', false])
  proxy.set({})
  socket.write('found')
  expect(await until(5)).toBe('found')
  socket.destroy()
})

test('flips one byte in so many, and counts them', async () => {
  const { socket, until } = await client()
  proxy.set({ corruptOneIn: 10 })
  socket.write('a'.repeat(1_000))
  expect([...(await until(1_000))].filter((letter) => letter !== 'a').length).toBe(100)
  expect(proxy.counts().corrupted).toBe(100)
  socket.destroy()
})

test('resets what is open and refuses what is new', async () => {
  const open = await client()
  open.socket.write('hello')
  await open.until(5)
  expect(proxy.reset()).toBe(1)
  expect(await open.ended).toBe('ECONNRESET')
  proxy.set({ isRefusing: true })
  const refused = await client()
  expect(await refused.ended).toBe('ECONNRESET')
  expect(proxy.counts()).toMatchObject({ refused: 1, open: 0 })
})
