/** R45: the machine's clock set an hour forward or back under a running server. */
import { afterEach, describe, expect, it } from 'vitest'
import { stillFacade } from '../support/facade.ts'
import { serveProtected } from './protected.ts'
import type { ProtectedServer } from './protected.ts'
import { RawReader } from './readers.ts'

const HOUR = 3_600_000
let served: ProtectedServer
afterEach(() => served.stop())

describe.each([
  ['forward', HOUR],
  ['back', -HOUR],
])('a clock set an hour %s', (_, by) => {
  it('sheds nothing, closes nobody, and leaves the budget of messages as it was', async () => {
    const facade = stillFacade()
    served = await serveProtected({ facade, env: { SOCKET_MESSAGES_PER_SECOND: '1' } })
    const reader = new RawReader(served.wsUrl)
    await reader.isReady
    let pongs = 0
    reader.socket.on('message', (data) => (pongs += Number(String(data).includes('"pong"'))))
    // The greeting took one of five.
    for (let ping = 0; ping < 3; ping++) reader.socket.send('{"type":"ping"}')
    await expect.poll(() => pongs).toBe(3)
    facade.clock.setWall(facade.clock.now() + by)
    facade.clock.advance(100)
    expect((await served.post({ query: '{ symbols }' })).status).toBe(200)
    const text = await (await served.at('/metrics')).text()
    expect(/^facade_event_loop_late_seconds (\S+)$/m.exec(text)?.[1]).toBe('0')
    expect(text).not.toMatch(/^facade_\w*(lag|late|age)\w*(\{.*\})? -/m)
    expect(reader.closed).toBeNull()
    reader.socket.send('{"type":"ping"}')
    await expect.poll(() => pongs).toBe(4)
    // Nothing was earned by the jump.
    reader.socket.send('{"type":"ping"}')
    await expect.poll(() => reader.closed?.code).toBe(4429)
    reader.socket.terminate()
  })
})
