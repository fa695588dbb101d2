import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { inGroups, readReply, retryAfterMs, rowsOf } from '../../src/wire/reply.ts'
import type { WireReply } from '../../src/wire/request.ts'

const reply = (body: string, status = 200, headers: WireReply['headers'] = {}): WireReply => ({
  status,
  headers,
  body,
})
const reader = {
  shape: z.object({ value: z.string() }),
  take: ({ value }: { readonly value: string }) => value,
}

describe('reading a reply', () => {
  it('takes what fits its shape', () => {
    expect(readReply(reply('{"value":"1.0"}'), reader)).toEqual({ ok: true, value: '1.0' })
  })

  it('names the place where a body breaks its shape, in one line', () => {
    expect(readReply(reply('{"value":1}'), reader)).toMatchObject({
      failure: { reason: 'MALFORMED', message: expect.stringMatching(/^body: value: .{1,120}$/) },
    })
  })

  it("prefers the source's own words over its status", () => {
    const refusal = () => ({ reason: 'NOT_LISTED' as const, message: 'no such market' })
    expect(readReply(reply('{}', 400), { ...reader, refusal })).toMatchObject({
      failure: { reason: 'NOT_LISTED' },
    })
  })

  it('knows when to ask again, in seconds or by a date beside the reply’s own', () => {
    expect(retryAfterMs({ 'retry-after': '30' })).toBe(30_000)
    expect(
      retryAfterMs({ 'retry-after': 'Fri, 02 Jan 2026 00:01:00 GMT', date: 'Fri, 02 Jan 2026 00:00:15 GMT' }),
    ).toBe(45_000)
    expect(retryAfterMs({ 'retry-after': 'soon' })).toBeUndefined()
    expect(retryAfterMs({})).toBeUndefined()
  })

  it('gives a limit told in the body the time told in the headers', () => {
    const refusal = () => ({ reason: 'RATE_LIMITED' as const, message: 'slow down' })
    expect(readReply(reply('{}', 200, { 'retry-after': '2' }), { ...reader, refusal })).toMatchObject({
      failure: { reason: 'RATE_LIMITED', retryAfterMs: 2000 },
    })
  })
})

describe('a list of rows', () => {
  const rows = rowsOf(z.object({ id: z.string() }))

  it('loses the odd row and keeps the rest', () => {
    expect(rows.parse([{ id: 'a' }, { id: 5 }, null, { id: 'b' }])).toEqual([{ id: 'a' }, { id: 'b' }])
    expect(rows.parse([])).toEqual([])
  })

  it('is another list altogether when nothing fits', () => {
    expect(rows.safeParse([1, 2, 3]).success).toBe(false)
  })

  it('is dealt out in groups', () => {
    expect(inGroups([1, 2, 3, 4, 5], 2)).toEqual([[1, 2], [3, 4], [5]])
    expect(inGroups([], 2)).toEqual([])
  })
})
