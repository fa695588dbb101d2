/** Our whole application, telling its port the moment it listens. */
import { createLogger, startApp } from '../../src/app.ts'
import type { LoadedConfig } from '../../src/config.ts'

const config = JSON.parse(process.env['BENCH_CONFIG'] ?? '{}') as LoadedConfig
const app = await startApp(config, createLogger('silent'))
process.stdout.write(`${JSON.stringify({ service: Number(new URL(app.url).port) })}\n`)
