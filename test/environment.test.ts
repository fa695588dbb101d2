import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { pages } from '../scripts/docs.ts'
import { ConfigError, VARIABLES, readEnvironment } from '../src/environment.ts'

describe('the environment', () => {
  it('may be empty: every variable has a meaning of its own when left out', () => {
    const settings = readEnvironment({})
    expect(settings).toMatchObject({
      port: 4000,
      host: '127.0.0.1',
      authMode: 'none',
      redisUrl: null,
      origins: null,
    })
    expect(
      readEnvironment(Object.fromEntries(Object.values(VARIABLES).map(({ name }) => [name, ' ']))),
    ).toEqual(settings)
  })

  it.each([
    ['PORT', '80a', 'a whole number from 0 to 65535'],
    ['PORT', '65536', 'a whole number'],
    ['PORT', '-1', 'a whole number'],
    ['LOG_LEVEL', 'loud', 'fatal, error, warn'],
    ['REDIS_URL', 'http://redis', 'redis://'],
    ['AUTH_MODE', 'password', 'none, keys, jwt'],
    ['AUTH_MODE', 'keys', 'API_KEYS_FILE'],
    ['AUTH_MODE', 'jwt', 'JWT_JWKS_URL or JWT_SECRET'],
    ['TOKEN_TTL_SECONDS', '5', '10 to 86400'],
    ['JWT_JWKS_URL', 'issuer.example/keys', 'http:// or https://'],
    ['ALLOWED_ORIGINS', 'https://app.example.com/', 'origins like'],
    ['ALLOWED_ORIGINS', 'app.example.com', 'origins like'],
    ['ALLOWED_ORIGINS', 'https://a.example, *.b.example', 'origins like'],
    ['DOCUMENTS', 'all', 'any, persisted'],
    ['INTROSPECTION', 'yes', 'on, off'],
    ['MAX_COST', '1e5', 'a whole number'],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'collector:4318', 'http://'],
  ])('%s=%s is refused in one line that says what it may be', (name, value, cure) => {
    const read = () => readEnvironment({ [name]: value })
    expect(read).toThrow(ConfigError)
    expect(read).toThrow(`environment: ${name} = ${value}: `)
    expect(read).toThrow(cure)
    expect(read).not.toThrow(/\n/)
  })

  it('keeps its secrets out of what it says', () => {
    expect(() => readEnvironment({ TOKEN_SECRET: 'too short' })).toThrow('(hidden)')
    expect(() => readEnvironment({ JWT_SECRET: 'too short' })).not.toThrow(/too short/)
  })
})

describe('the pages printed from the code', () => {
  const at = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')
  it('are those that are committed', () => {
    for (const [path, text] of Object.entries(pages(at('docs/operations.md')))) expect(at(path)).toBe(text)
  })

  it('name every variable', () => {
    const page = at('docs/operations.md')
    for (const { name } of Object.values(VARIABLES)) expect(page).toContain(`| \`${name}\` |`)
  })
})
