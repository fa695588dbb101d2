/**
 * Every environment variable there is: its name, what it means, what it may be and what it is when left out. The
 * values are read from this table, and the table of `docs/operations.md` is printed from it.
 */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

export type Environment = Readonly<Record<string, string | undefined>>

export interface Variable<T> {
  readonly name: string
  readonly meaning: string
  /** What it is when left out, as an operator would write it; empty for nothing. */
  readonly fallback: string
  /** What it may be, in words. */
  readonly form: string
  /** @throws Error when the text is not of that form */
  readonly read: (text: string) => T
}

const variable = <T>(
  name: string,
  fallback: string | number,
  form: string,
  meaning: string,
  read: (text: string) => T,
): Variable<T> => ({ name, fallback: String(fallback), form, meaning, read })

function whole(name: string, fallback: number, from: number, to: number, meaning: string): Variable<number> {
  return variable(name, fallback, `a whole number from ${from} to ${to}`, meaning, (text) => {
    const value = Number(text)
    if (!/^\d+$/.test(text) || value < from || value > to) throw new RangeError(text)
    return value
  })
}

function oneOf<const T extends string>(
  name: string,
  fallback: T,
  words: readonly T[],
  meaning: string,
): Variable<T> {
  return variable(name, fallback, words.map((word) => `\`${word}\``).join(', '), meaning, (text) => {
    const found = words.find((word) => word === text)
    if (found === undefined) throw new RangeError(text)
    return found
  })
}

const text = (name: string, fallback: string, meaning: string, form = 'text'): Variable<string> =>
  variable(name, fallback, form, meaning, (value) => value)

const optional = (name: string, meaning: string, form = 'text'): Variable<string | null> =>
  variable(name, '', form, meaning, (value) => (value === '' ? null : value))

/** A secret shorter than its hash is guessed sooner than found. */
const secret = (name: string, meaning: string): Variable<string | null> =>
  variable(name, '', 'at least 32 characters', meaning, (value) => {
    if (value !== '' && value.length < 32) throw new RangeError(value)
    return value === '' ? null : value
  })

const link = (name: string, meaning: string): Variable<string | null> =>
  variable(name, '', 'an http:// or https:// URL', meaning, (value) => {
    if (value === '') return null
    if (!/^https?:\/\//.test(value) || !URL.canParse(value)) throw new RangeError(value)
    return value
  })

const origins = (name: string, meaning: string): Variable<readonly string[] | null> =>
  variable(name, '', 'origins like `https://app.example.com`, by comma; or `*`', meaning, (value) => {
    if (value === '') return null
    const named = value.split(',').map((each) => each.trim())
    for (const each of named) {
      if (each !== '*' && (!URL.canParse(each) || new URL(each).origin !== each)) throw new RangeError(each)
    }
    return named
  })

/** `on` and `off`; left out, off in production and on elsewhere. */
function unlessProduction(name: string, meaning: string): Variable<boolean | null> {
  const form = '`on`, `off`'
  return variable(name, '', form, `${meaning} Left out: off where NODE_ENV is \`production\`.`, (value) => {
    if (value !== '' && value !== 'on' && value !== 'off') throw new RangeError(value)
    return value === '' ? null : value === 'on'
  })
}

const REDIS_FORM = /^(rediss?|redis\+cluster|rediss\+cluster|redis\+sentinel):\/\//

export const VARIABLES = {
  port: whole('PORT', 4000, 0, 65_535, 'Port of everything: GraphQL, WebSocket, probes, metrics.'),
  host: text(
    'HOST',
    '127.0.0.1',
    'Address to listen on. `0.0.0.0` lets other machines in: set AUTH_MODE with it.',
  ),
  logLevel: oneOf(
    'LOG_LEVEL',
    'info',
    ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'],
    'How much is logged (JSON lines on standard error).',
  ),
  configDirectory: text('CONFIG_DIR', 'config', 'Folder of `cache.yaml` and `data_sources.yaml`.'),
  profile: text(
    'NODE_ENV',
    'development',
    '`production` switches introspection, suggestions and GraphiQL off; see "In production".',
  ),
  redisUrl: variable(
    'REDIS_URL',
    '',
    'redis://, rediss://, redis+cluster:// or redis+sentinel://',
    'Where entries, records and rate limits live. Left out: in memory.',
    (value) => {
      if (value !== '' && !REDIS_FORM.test(value)) throw new RangeError(value)
      return value === '' ? null : value
    },
  ),
  coingeckoApiKey: optional('COINGECKO_API_KEY', 'Demo or Pro key; more requests a month.'),
  isSimulated: variable(
    'FACADE_SIMULATED',
    '',
    '`1`',
    'Says SIMULATED in log and health, for sources that are.',
    (value) => value === '1',
  ),
  drainSeconds: whole(
    'DRAIN_SECONDS',
    8,
    0,
    300,
    'After SIGTERM, how long requests in flight are waited for.',
  ),

  authMode: oneOf(
    'AUTH_MODE',
    'none',
    ['none', 'keys', 'jwt'],
    'Who may ask: everyone, holders of a key, or of a token.',
  ),
  keysFile: optional(
    'API_KEYS_FILE',
    'File of API keys, a line each: name, then SHA-256 of the key in hex.',
    'a path',
  ),
  tokenSecret: secret(
    'TOKEN_SECRET',
    'Signs the short-lived tokens of `POST /token`. Left out: made anew at every start.',
  ),
  tokenSeconds: whole('TOKEN_TTL_SECONDS', 300, 10, 86_400, 'How long a token of `POST /token` lives.'),
  jwtSecret: secret('JWT_SECRET', 'For AUTH_MODE=jwt: shared secret of HS256 tokens.'),
  jwksUrl: link('JWT_JWKS_URL', "For AUTH_MODE=jwt: the issuer's public keys."),
  jwtIssuer: optional('JWT_ISSUER', 'Required `iss` of tokens.'),
  jwtAudience: optional('JWT_AUDIENCE', 'Required `aud` of tokens.'),
  origins: origins(
    'ALLOWED_ORIGINS',
    'Pages that may connect from a browser, beside those of our own host. Left out: pages on localhost.',
  ),
  proxies: whole(
    'TRUSTED_PROXIES',
    0,
    0,
    10,
    'How many proxies of ours stand in front (reads X-Forwarded-For).',
  ),

  documents: oneOf(
    'DOCUMENTS',
    'any',
    ['any', 'persisted'],
    '`persisted`: only the documents of `schema/operations/` are answered.',
  ),
  introspection: unlessProduction(
    'INTROSPECTION',
    'Whether the schema describes itself and errors make suggestions.',
  ),
  graphiql: unlessProduction('GRAPHIQL', 'Whether a browser gets GraphiQL at `/graphql`.'),
  mostTokens: whole('MAX_TOKENS', 2_000, 100, 100_000, 'Words and signs in a document.'),
  mostDepth: whole('MAX_DEPTH', 16, 3, 100, 'Fields inside each other.'),
  mostAliases: whole('MAX_ALIASES', 30, 0, 10_000, 'Aliases in a document, fragments counted where spread.'),
  mostFields: whole('MAX_FIELDS', 600, 10, 100_000, 'Fields in a document, fragments counted where spread.'),
  mostCost: whole('MAX_COST', 60_000, 100, 100_000_000, 'Cost of an operation: fields times list lengths.'),

  operationSeconds: whole(
    'OPERATION_DEADLINE_SECONDS',
    10,
    1,
    300,
    'A query is answered by then; what no source has said is SOURCE_UNAVAILABLE.',
  ),
  requestsPerMinute: whole(
    'RATE_LIMIT_PER_MINUTE',
    3_000,
    0,
    10_000_000,
    'Operations an address may run a minute; 0: any (as in the demo).',
  ),
  principalRequestsPerMinute: whole(
    'RATE_LIMIT_PRINCIPAL_PER_MINUTE',
    6_000,
    0,
    10_000_000,
    'Operations a key or token subject may run a minute; 0: any (as in the demo).',
  ),
  messagesPerSecond: whole(
    'SOCKET_MESSAGES_PER_SECOND',
    100,
    1,
    100_000,
    'Messages and pings one socket may send a second; five seconds of it at once.',
  ),
  mostSockets: whole('MAX_SOCKETS', 10_000, 1, 1_000_000, 'Sockets in all.'),
  mostSocketsPerAddress: whole('MAX_SOCKETS_PER_ADDRESS', 50, 1, 1_000_000, 'Sockets from one address.'),
  mostOperationsPerSocket: whole(
    'MAX_OPERATIONS_PER_SOCKET',
    100,
    1,
    100_000,
    'Operations running on one socket.',
  ),

  leastLiveVenues: whole('MIN_LIVE_VENUES', 1, 0, 4, 'Fewer connected venues than this: `/readyz` says 503.'),
  needsStore: oneOf('REQUIRE_REDIS', 'off', ['off', 'on'], '`on`: `/readyz` says 503 while Redis is away.'),
  shedLagMs: whole('SHED_LAG_MS', 200, 10, 60_000, 'Event loop later than this: new requests get 503.'),
  metrics: oneOf('METRICS', 'on', ['on', 'off'], 'Whether `/metrics` is served.'),
  traceEndpoint: link(
    'OTEL_EXPORTER_OTLP_ENDPOINT',
    'OTLP collector (HTTP, JSON); spans go to its `/v1/traces`.',
  ),
  traceService: text('OTEL_SERVICE_NAME', 'cryptorun-facade', 'Name of this service in traces.'),
} as const

export type Settings = {
  readonly [K in keyof typeof VARIABLES]: ReturnType<(typeof VARIABLES)[K]['read']>
}

/** @throws ConfigError with one line naming the variable, its value and what it may be */
export function readEnvironment(environment: Environment): Settings {
  const settings = Object.fromEntries(
    Object.entries(VARIABLES).map(([key, known]) => [key, valueOf(known, environment[known.name])]),
  ) as Settings
  checkAuth(settings)
  return Object.freeze(settings)
}

function valueOf(known: Variable<unknown>, given: string | undefined): unknown {
  const value = given === undefined || given.trim() === '' ? known.fallback : given.trim()
  try {
    return known.read(value)
  } catch {
    return refuse(
      known.name,
      isSecret(known.name) ? '(hidden)' : value,
      `use ${known.form.replaceAll('`', '')}`,
    )
  }
}

function checkAuth({ authMode, keysFile, jwtSecret, jwksUrl }: Settings): void {
  if (authMode === 'keys' && keysFile === null)
    refuse('AUTH_MODE', authMode, 'name a file of keys in API_KEYS_FILE, or use none')
  if (authMode === 'jwt' && jwtSecret === null && jwksUrl === null)
    refuse('AUTH_MODE', authMode, 'set JWT_JWKS_URL or JWT_SECRET, or use none')
}

const isSecret = (name: string): boolean => /SECRET|KEY$/.test(name)

function refuse(name: string, value: string, cure: string): never {
  const shown = value.replaceAll('\n', ' ').slice(0, 80)
  throw new ConfigError(`environment: ${name} = ${shown}: ${cure}`)
}
