/** The configuration the warm rows run the whole application with. */
import { loadConfig } from '../src/config.ts'
import type { LoadedConfig } from '../src/config.ts'
import { pointedAt } from '../src/main.ts'
import type { Simulation } from '../src/sim/simulation.ts'

/** A market of simulated sources, each symbol priced by six of them, and entries that outlast the run. */
export function warmConfig(
  symbols: readonly string[],
  simulation: Simulation,
  redis: string | null,
): LoadedConfig {
  const shipped = loadConfig({
    LOG_LEVEL: 'silent',
    RATE_LIMIT_PER_MINUTE: '10000000',
    SHED_LAG_MS: '60000',
  })
  const everyone = [...shipped.authority.pricePrimary, ...shipped.authority.priceFallback]
  return {
    ...pointedAt(
      {
        ...shipped,
        port: 0,
        symbols: [...symbols, 'USDT-USD', 'USDC-USD'],
        hotSymbols: [],
        ttlSeconds: { ...shipped.ttlSeconds, prices_warm: 3_600 },
        authority: { ...shipped.authority, pricePrimary: everyone },
        redis: { ...shipped.redis, url: redis },
      },
      simulation.endpoints,
    ),
  }
}
