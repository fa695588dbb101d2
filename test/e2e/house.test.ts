/** The house comes and goes: what it opened is closed again, even under readers who have not left. */
import { expect, it } from 'vitest'
import { openHouse } from '../support/house.ts'

const held = (): Readonly<Record<string, number>> => {
  const counts: Record<string, number> = { TCPServerWrap: 0, TCPSocketWrap: 0, Timeout: 0 }
  for (const name of process.getActiveResourcesInfo())
    if (name in counts) counts[name] = (counts[name] ?? 0) + 1
  return counts
}

it('leaves no port, no connection and no timer behind', async () => {
  const before = held()
  const house = await openHouse({ symbols: ['BTC-USD', 'USDT-USD'], hotSymbols: ['BTC-USD'] })
  await house.ask(
    '{ market(symbol: "BTC-USD") { price { value } volume24h { value } vadr(venue: KRAKEN) { hours } } }',
  )
  const readers = [
    'trades(symbols: ["BTC-USD"]) { id }',
    'health { status }',
    'prices(symbols: ["BTC-USD"]) { symbol }',
  ]
  const reading = readers.map((field) =>
    house.listen(`subscription { ${field} }`, {}, 1_000_000).catch(() => []),
  )
  await house.listen('subscription { health { status } }')
  await house.close()
  await Promise.all(reading)
  await expect.poll(held, { timeout: 6_000 }).toEqual(before)
})
