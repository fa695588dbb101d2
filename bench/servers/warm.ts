/** Our whole application, as `npm start` runs it, over the configuration the bench hands it. */
import { createLogger, startApp } from '../../src/app.ts'
import type { LoadedConfig } from '../../src/config.ts'

const config = JSON.parse(process.env['BENCH_CONFIG'] ?? '{}') as LoadedConfig
const app = await startApp(config, createLogger('silent'))
await app.facade.settled()
process.once('SIGINT', () => process.exit(0))
process.stdout.write(`${JSON.stringify({ service: Number(new URL(app.url).port) })}\n`)
