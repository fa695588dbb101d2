/** The process as its keeper sees it: signals, exit codes, one readable line. */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { connect } from 'node:net'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

const running: ChildProcess[] = []
afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL')
})

function start(env: Record<string, string>, command = 'demo') {
  const child = spawn(process.execPath, [MAIN, command], { env: { ...process.env, PORT: '0', ...env } })
  running.push(child)
  const said = { out: '', error: '' }
  child.stdout.on('data', (data) => (said.out += String(data)))
  child.stderr.on('data', (data) => (said.error += String(data)))
  const exit = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>
  return { child, said, exit }
}

async function ready(env: Record<string, string> = {}) {
  const started = start({ LOG_LEVEL: 'silent', ...env })
  const url = await new Promise<string>((resolve, reject) => {
    started.child.stdout.on('data', () => {
      const found = /ready at (\S+)/.exec(started.said.out)?.[1]
      if (found !== undefined) resolve(found)
    })
    void started.exit.then(() => reject(new Error(started.said.error)))
  })
  return { ...started, url }
}

const agent = new Agent({ keepAlive: true, maxSockets: 200 })

/** The status of one query; 0 when it was lost. */
const ask = (url: string, query: string): Promise<number> =>
  new Promise((resolve) => {
    const call = request(
      url,
      { method: 'POST', agent, headers: { 'content-type': 'application/json' } },
      (response) => {
        response.resume().once('end', () => resolve(response.statusCode ?? 0))
      },
    )
    call.on('error', () => resolve(0))
    call.end(JSON.stringify({ query }))
  })

describe('R42: SIGTERM', () => {
  it('loses nothing in flight, says 1001 to every socket, and leaves with code 0', async () => {
    const { child, url, exit } = await ready({ MAX_SOCKETS_PER_ADDRESS: '100' })
    const sockets = await Promise.all(
      Array.from({ length: 50 }, async () => {
        const socket = new WebSocket(url.replace('http', 'ws'), 'graphql-transport-ws')
        await once(socket, 'open')
        socket.send('{"type":"connection_init"}')
        await once(socket, 'message')
        return socket
      }),
    )
    const codes = Promise.all(sockets.map(async (socket) => ((await once(socket, 'close')) as [number])[0]))
    // Connected before, so that what is sent now is in the server's hands when the signal comes.
    const dear = '{ klines(symbol: "BTC-USD", interval: M1, last: 500) { nodes { open } } }'
    await Promise.all(Array.from({ length: 100 }, () => ask(url, '{ symbols }')))
    const answers = Array.from({ length: 100 }, () => ask(url, dear))
    await new Promise((resolve) => setTimeout(resolve, 20))
    child.kill('SIGTERM')
    expect(new Set(await Promise.all(answers))).toEqual(new Set([200]))
    expect(new Set(await codes)).toEqual(new Set([1001]))
    expect(await exit).toEqual([0, null])
  })

  it('twice ends the process at once', async () => {
    const { child, url, exit } = await ready()
    // A stream over HTTP never ends by itself, so leaving would take its full time.
    const stream = request(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
    })
    stream.on('error', () => undefined)
    stream.end(JSON.stringify({ query: 'subscription { health { status } }' }))
    await once(stream, 'response')
    child.kill('SIGTERM')
    const { port } = new URL(url)
    await expect.poll(() => refuses(Number(port))).toBe(true)
    expect(child.exitCode).toBeNull()
    child.kill('SIGTERM')
    expect(await exit).toEqual([1, null])
  })
})

const refuses = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(false)
    })
    socket.once('error', () => resolve(true))
  })

describe('R43: kill -9', () => {
  it('and a start anew make another epoch: an old place to resume from is refused, never answered in part', async () => {
    const cursorOf = async (url: string, after: string | null): Promise<unknown> => {
      const socket = new WebSocket(url.replace('http', 'ws'), 'graphql-transport-ws')
      await once(socket, 'open')
      socket.send('{"type":"connection_init"}')
      await once(socket, 'message')
      const query =
        'subscription ($after: String) { bookDeltas(symbol: "BTC-USDT", venue: BINANCE, after: $after) { cursor } }'
      socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query, variables: { after } } }))
      const [data] = (await once(socket, 'message')) as [Buffer]
      socket.terminate()
      return JSON.parse(String(data))
    }
    const first = await ready()
    const seen = (await cursorOf(first.url, null)) as {
      payload: { data: { bookDeltas: { cursor: string } } }
    }
    const { cursor } = seen.payload.data.bookDeltas
    first.child.kill('SIGKILL')
    await first.exit
    const second = await ready()
    expect(await cursorOf(second.url, cursor)).toMatchObject({
      payload: { errors: [{ extensions: { code: 'RESUME_EXPIRED' } }] },
    })
  })
})

describe('R44: a start that cannot be', () => {
  it.each([
    [{ PORT: 'http' }, 'PORT'],
    [{ AUTH_MODE: 'keys' }, 'API_KEYS_FILE'],
    [{ AUTH_MODE: 'keys', API_KEYS_FILE: '/no/such/file' }, 'API_KEYS_FILE'],
    [{ CONFIG_DIR: '/no/such/folder' }, 'CONFIG_DIR'],
    [{ ALLOWED_ORIGINS: 'example.com' }, 'ALLOWED_ORIGINS'],
  ])('ends with one line that names the key: %o', async (env, name) => {
    const { said, exit } = start(env as Record<string, string>, 'serve')
    const [code] = await exit
    expect(code).toBe(1)
    expect(said.error.trim().split('\n')).toHaveLength(1)
    expect(said.error).toContain(name)
  })
})
