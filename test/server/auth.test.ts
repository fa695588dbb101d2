import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SignJWT, exportJWK, generateKeyPair } from 'jose'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { NOON, stillFacade, trade } from '../support/facade.ts'
import { serveProtected } from './protected.ts'
import type { ProtectedServer } from './protected.ts'

const KEY = 'correct horse battery staple'
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
const folder = mkdtempSync(join(tmpdir(), 'facade-keys-'))
const keysFile = join(folder, 'keys')
const QUERY = { query: '{ symbols }' }

beforeAll(() => {
  writeFileSync(keysFile, `# who may ask\n\ndesk-1 ${sha256(KEY)}\ndesk-2 ${sha256('another')}\n`)
})
afterAll(() => rmSync(folder, { recursive: true }))

let served: ProtectedServer
const sockets: WebSocket[] = []
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.terminate()
  await served.stop()
})

async function open(headers: Record<string, string> = {}): Promise<WebSocket> {
  const socket = new WebSocket(served.wsUrl, 'graphql-transport-ws', { headers })
  sockets.push(socket)
  await once(socket, 'open')
  return socket
}

/** The answer to `connection_init`, or the code it was closed with. */
async function greet(socket: WebSocket, payload: object): Promise<unknown> {
  const closed = once(socket, 'close')
  socket.send(JSON.stringify({ type: 'connection_init', payload }))
  const [first] = (await Promise.race([once(socket, 'message'), closed])) as [unknown]
  return typeof first === 'number' ? first : (JSON.parse(String(first)) as { type: string }).type
}

describe('holders of a key', () => {
  const serve = async (env: Record<string, string> = {}) => {
    served = await serveProtected({ env: { AUTH_MODE: 'keys', API_KEYS_FILE: keysFile, ...env } })
  }

  it('are let in by header over HTTP; nobody else is', async () => {
    await serve()
    for (const headers of [{ 'x-api-key': KEY }, { authorization: `Bearer ${KEY.replaceAll(' ', '')}x` }]) {
      const { status } = await served.post(QUERY, headers as Record<string, string>)
      expect(status).toBe('x-api-key' in headers ? 200 : 401)
    }
    for (const headers of [
      {},
      { 'x-api-key': 'wrong' },
      { 'x-api-key': sha256(KEY) },
      { authorization: 'Basic abc' },
    ]) {
      const response = await served.post(QUERY, headers as Record<string, string>)
      expect(response.status).toBe(401)
      expect(response.headers.get('www-authenticate')).toBe('Bearer')
      expect(await response.json()).toMatchObject({
        errors: [
          {
            extensions: {
              code: 'UNAUTHENTICATED',
              retryable: false,
              requestId: response.headers.get('x-request-id'),
            },
          },
        ],
      })
    }
    expect(served.protection.counters.refusals.get('credentials')).toBe(5)
  })

  it('are let in over WebSocket by greeting or header; others are closed with 4403', async () => {
    await serve()
    expect(await greet(await open(), { 'x-api-key': KEY })).toBe('connection_ack')
    expect(await greet(await open(), { apiKey: KEY })).toBe('connection_ack')
    expect(await greet(await open({ 'x-api-key': KEY }), {})).toBe('connection_ack')
    expect(await greet(await open(), {})).toBe(4403)
    expect(await greet(await open(), { 'x-api-key': 'wrong' })).toBe(4403)
    expect(await greet(await open({ 'x-api-key': KEY }), { 'x-api-key': 'wrong' })).toBe(4403)
  })

  it('still find the page, the probes and the way to a preflight open', async () => {
    await serve()
    expect((await fetch(served.url, { headers: { accept: 'text/html' } })).status).toBe(200)
    expect((await served.at('/healthz')).status).toBe(200)
    const byPage = `${served.url}?query=${encodeURIComponent('{ symbols }')}`
    expect((await fetch(byPage, { headers: { accept: 'text/html' } })).status).toBe(401)
    const preflight = await fetch(served.url, {
      method: 'OPTIONS',
      headers: { origin: 'http://localhost:1', 'access-control-request-method': 'POST' },
    })
    expect(preflight.status).toBe(204)
  })

  it('mint short-lived tokens, which let a browser in and then end', async () => {
    await serve()
    expect((await served.at('/token', { method: 'POST' })).status).toBe(401)
    expect((await served.at('/token')).status).toBe(405)
    const { token, expiresAt } = await minted()
    expect(expiresAt).toBe(new Date(NOON + 300_000).toISOString())
    expect((await served.post(QUERY, { authorization: `Bearer ${token}` })).status).toBe(200)
    // A token does not make tokens: it would never end.
    const again = await served.at('/token', { method: 'POST', headers: { authorization: `Bearer ${token}` } })
    expect(again.status).toBe(401)
    served.facade.clock.advance(301_000)
    expect((await served.post(QUERY, { authorization: `Bearer ${token}` })).status).toBe(401)
  })

  const minted = async (): Promise<{ token: string; expiresAt: string }> => {
    const response = await served.at('/token', { method: 'POST', headers: { 'x-api-key': KEY } })
    expect(response.status).toBe(200)
    return (await response.json()) as { token: string; expiresAt: string }
  }

  it('stay connected while their tokens are renewed, and are closed with 4403 when one ends', async () => {
    await serve({ TOKEN_TTL_SECONDS: '10' })
    const socket = await open()
    const bearer = async () => `Bearer ${(await minted()).token}`
    expect(await greet(socket, { authorization: await bearer() })).toBe('connection_ack')
    socket.send(
      JSON.stringify({
        id: '1',
        type: 'subscribe',
        payload: { query: 'subscription { trades(symbols: ["BTC-USD"]) { id } }' },
      }),
    )
    await expect.poll(() => served.subscriptions()).toBe(1)
    served.facade.clock.advance(6_000)
    socket.send(JSON.stringify({ type: 'ping', payload: { authorization: await bearer() } }))
    expect(JSON.parse(String((await once(socket, 'message'))[0]))).toEqual({
      type: 'pong',
      payload: { expiresAt: new Date(NOON + 16_000).toISOString() },
    })
    served.facade.clock.advance(6_000)
    const heard = once(socket, 'message')
    served.facade.topics.trades.publish(trade(1))
    expect(String((await heard)[0])).toContain('9001')
    const closed = once(socket, 'close')
    served.facade.clock.advance(4_000)
    expect(((await closed) as [number])[0]).toBe(4403)
    await expect.poll(() => served.subscriptions()).toBe(0)
  })

  it('are closed when a ping brings credentials that are no good', async () => {
    await serve()
    const socket = await open()
    expect(await greet(socket, { 'x-api-key': KEY })).toBe('connection_ack')
    const closed = once(socket, 'close')
    socket.send('{"type":"ping","payload":{"authorization":"Bearer a.b.c"}}')
    expect(((await closed) as [number])[0]).toBe(4403)
  })
})

describe('tokens of an issuer', () => {
  const SECRET = 'a secret of more than thirty-two characters'
  const claims = { iss: 'https://issuer.example', aud: 'market-data', sub: 'user-7' }
  const signed = (over: Record<string, unknown> = {}, secret = SECRET, alg = 'HS256') =>
    new SignJWT({ ...claims, exp: NOON / 1000 + 60, ...over })
      .setProtectedHeader({ alg })
      .sign(new TextEncoder().encode(secret))
  const env = { AUTH_MODE: 'jwt', JWT_ISSUER: claims.iss, JWT_AUDIENCE: claims.aud }

  it('are good when signature, issuer, audience and time are', async () => {
    served = await serveProtected({ env: { ...env, JWT_SECRET: SECRET } })
    const none = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from(JSON.stringify({ ...claims, exp: 9e9 })).toString('base64url')}.`
    const cases: readonly (readonly [string, string, number])[] = [
      ['as it should be', await signed(), 200],
      ['another issuer', await signed({ iss: 'https://evil.example' }), 401],
      ['another audience', await signed({ aud: 'other' }), 401],
      ['ended', await signed({ exp: NOON / 1000 - 1 }), 401],
      ['without an end', await signed({ exp: undefined }), 401],
      ['without a subject', await signed({ sub: undefined }), 401],
      ['signed by another', await signed({}, `${SECRET}!`), 401],
      ['not signed', none, 401],
    ]
    for (const [what, token, status] of cases) {
      const response = await served.post(QUERY, { authorization: `Bearer ${token}` })
      expect([what, response.status]).toEqual([what, status])
    }
    expect(await greet(await open(), { authorization: `Bearer ${await signed()}` })).toBe('connection_ack')
  })

  it('are checked with the keys the issuer publishes; without those nobody is let in, and the log says so', async () => {
    const { publicKey, privateKey } = await generateKeyPair('ES256')
    const jwks = { keys: [{ ...(await exportJWK(publicKey)), alg: 'ES256', kid: 'k1' }] }
    const issuer = createServer((_request, response) => response.end(JSON.stringify(jwks)))
    await new Promise<void>((resolve) => issuer.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(issuer.address() as AddressInfo).port}/jwks`
    const token = await new SignJWT({ ...claims, exp: NOON / 1000 + 60 })
      .setProtectedHeader({ alg: 'ES256', kid: 'k1' })
      .sign(privateKey)
    served = await serveProtected({ env: { ...env, JWT_JWKS_URL: url } })
    expect((await served.post(QUERY, { authorization: `Bearer ${token}` })).status).toBe(200)
    // The public key's text must not pass for a shared secret.
    const confused = await signed({}, JSON.stringify(jwks.keys[0]))
    expect((await served.post(QUERY, { authorization: `Bearer ${confused}` })).status).toBe(401)
    await served.stop()
    issuer.close()
    served = await serveProtected({ env: { ...env, JWT_JWKS_URL: url } })
    expect((await served.post(QUERY, { authorization: `Bearer ${token}` })).status).toBe(401)
    expect(served.lines.map(({ msg }) => msg)).toContain("the issuer's keys cannot be had")
  })
})

describe('an open door', () => {
  it('is announced loudly where other machines can reach it, and not where they cannot', async () => {
    served = await serveProtected({ env: { HOST: '0.0.0.0' }, facade: stillFacade() })
    expect(served.lines).toMatchObject([{ level: 40, host: '0.0.0.0' }])
    expect(String(served.lines[0]?.['msg'])).toContain('OPEN TO EVERYONE')
    expect((await served.at('/token', { method: 'POST' })).status).toBe(404)
    await served.stop()
    served = await serveProtected()
    expect(served.lines).toEqual([])
  })
})
