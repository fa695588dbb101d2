import { get } from 'node:http'
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { gunzipSync } from 'node:zlib'
import { afterEach, describe, expect, it } from 'vitest'
import { serveProtected } from './protected.ts'
import type { ProtectedServer } from './protected.ts'

let served: ProtectedServer
afterEach(() => served.stop())

/** As it came over the wire; `fetch` would unpack it. */
async function visit(headers: Record<string, string>) {
  const response = await new Promise<IncomingMessage>((resolve) =>
    get(served.url, { headers: { accept: 'text/html,*/*', ...headers } }, resolve),
  )
  const body = Buffer.concat((await response.toArray()) as Buffer[])
  return { status: response.statusCode, headers: response.headers as IncomingHttpHeaders, body }
}

describe('the page for people', () => {
  it('comes compressed to whoever takes it so, and is the same page', async () => {
    served = await serveProtected()
    const packed = await visit({ 'accept-encoding': 'br, gzip;q=0.8' })
    const plain = await visit({})
    expect(packed.headers).toMatchObject({
      'content-encoding': 'gzip',
      'content-type': 'text/html; charset=utf-8',
      vary: expect.stringContaining('accept-encoding'),
    })
    expect(plain.headers['content-encoding']).toBeUndefined()
    expect(gunzipSync(packed.body).equals(plain.body)).toBe(true)
    expect(packed.body.length).toBeLessThan(plain.body.length / 3)
    const refused = await visit({ 'accept-encoding': 'gzip;q=0' })
    expect(refused.headers['content-encoding']).toBeUndefined()
  })

  it('is not sent again to a browser that has it', async () => {
    served = await serveProtected()
    const { headers } = await visit({ 'accept-encoding': 'gzip' })
    const again = await visit({ 'accept-encoding': 'gzip', 'if-none-match': String(headers.etag) })
    expect([again.status, again.body.length]).toEqual([304, 0])
    expect((await visit({ 'if-none-match': '"another"' })).status).toBe(200)
  })

  it('opens with the documents of this house, and loads nothing from elsewhere', async () => {
    served = await serveProtected()
    const text = (await visit({})).body.toString()
    expect(text).toContain('query Watchlist')
    expect(text).not.toMatch(/<(script|link)[^>]+(src|href)=["']https?:/)
  })

  it('does not stand in for an answer, and is not there in production', async () => {
    served = await serveProtected()
    const asked = await served.at('/graphql?query={symbols}', { headers: { accept: 'text/html,*/*' } })
    expect(asked.headers.get('content-type')).toContain('json')
    await served.stop()
    served = await serveProtected({ env: { NODE_ENV: 'production' } })
    expect((await visit({})).headers['content-type']).not.toContain('html')
  })
})
