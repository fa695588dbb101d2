/**
 * Who asks. Hides API keys (only their hashes are known here), tokens of an issuer, and the short-lived tokens
 * we mint ourselves so that a browser never holds a key.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { IncomingHttpHeaders } from 'node:http'
import { SignJWT, createRemoteJWKSet, jwtVerify } from 'jose'
import type { JWTPayload, JWTVerifyGetKey } from 'jose'
import type { Instant } from '../domain/attribution.ts'
import type { Clock } from '../domain/clock.ts'
import { ConfigError } from '../environment.ts'
import type { Settings } from '../environment.ts'
import type { Principal } from '../graphql/schema.ts'

export interface Credentials {
  /** What follows "Bearer". */
  readonly token: string | null
  readonly key: string | null
}

export interface Identity {
  /** Null where everyone may ask. */
  readonly principal: Principal | null
  /** When it ends; null for keys, which do not. */
  readonly expiresAt: Instant | null
}

export interface Token {
  readonly token: string
  readonly expiresAt: Instant
}

export interface Auth {
  readonly isOpen: boolean
  /** Null when the credentials are missing or not accepted. */
  identify(credentials: Credentials): Promise<Identity | null>
  /** A short-lived token for whoever holds a key; null for anyone else. */
  mint(credentials: Credentials): Promise<Token | null>
}

export interface AuthParts {
  readonly settings: Pick<
    Settings,
    | 'authMode'
    | 'keysFile'
    | 'tokenSecret'
    | 'tokenSeconds'
    | 'jwtSecret'
    | 'jwksUrl'
    | 'jwtIssuer'
    | 'jwtAudience'
  >
  readonly clock: Clock
  /** Told when the issuer's public keys cannot be had. */
  readonly onTrouble?: (error: unknown) => void
}

/** Both who issues our own tokens and who they are for. */
const OURSELVES = 'cryptorun-facade'
const SHARED = ['HS256', 'HS384', 'HS512']
const PUBLIC = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA']

export function createAuth({ settings, clock, onTrouble = () => undefined }: AuthParts): Auth {
  const { authMode, keysFile, tokenSeconds } = settings
  if (authMode === 'none') return OPEN
  const keys = keysFile === null ? [] : readKeys(keysFile)
  const ownSecret =
    settings.tokenSecret === null ? randomBytes(32) : new TextEncoder().encode(settings.tokenSecret)
  const issuer = authMode === 'jwt' ? issuerOf(settings) : null

  const verified = async (token: string): Promise<Identity | null> => {
    const currentDate = new Date(clock.now())
    const own = await attempt(
      jwtVerify(token, ownSecret, {
        algorithms: ['HS256'],
        issuer: OURSELVES,
        audience: OURSELVES,
        requiredClaims: ['exp', 'sub'],
        currentDate,
      }),
    )
    if (own !== null) return identityOf(own)
    if (issuer === null) return null
    const { getKey, algorithms, expected } = issuer
    const options = { ...expected, algorithms, requiredClaims: ['exp', 'sub'], currentDate }
    const theirs = await attempt(jwtVerify(token, getKey, options), onTrouble)
    return theirs === null ? null : identityOf(theirs)
  }

  return {
    isOpen: false,
    async identify({ token, key }) {
      const holder = key === null ? null : holderOf(keys, key)
      if (holder !== null) return { principal: { id: holder }, expiresAt: null }
      return token === null ? null : verified(token)
    },
    async mint({ key }) {
      const holder = key === null ? null : holderOf(keys, key)
      if (holder === null) return null
      const now = Math.floor(clock.now() / 1000)
      const token = await new SignJWT()
        .setProtectedHeader({ alg: 'HS256' })
        .setSubject(holder)
        .setIssuer(OURSELVES)
        .setAudience(OURSELVES)
        .setIssuedAt(now)
        .setExpirationTime(now + tokenSeconds)
        .sign(ownSecret)
      return { token, expiresAt: (now + tokenSeconds) * 1000 }
    },
  }
}

const OPEN: Auth = {
  isOpen: true,
  identify: () => Promise.resolve({ principal: null, expiresAt: null }),
  mint: () => Promise.resolve(null),
}

/** A key may come as `x-api-key` or as a bearer token; nothing else is looked at. */
export function credentialsOf(headers: IncomingHttpHeaders): Credentials {
  return credentialsIn({ authorization: headers.authorization, 'x-api-key': headers['x-api-key'] })
}

/** The same from the payload of `connection_init` or of a `ping`, under the names of the headers. */
export function credentialsIn(payload: Readonly<Record<string, unknown>>): Credentials {
  const named = new Map(Object.entries(payload).map(([name, value]) => [name.toLowerCase(), value]))
  const authorization = named.get('authorization')
  const bearer = typeof authorization === 'string' ? /^Bearer +(\S+)$/i.exec(authorization)?.[1] : undefined
  const key = named.get('x-api-key') ?? named.get('apikey')
  const isToken = bearer !== undefined && bearer.split('.').length === 3
  return {
    token: isToken ? bearer : null,
    key: typeof key === 'string' && key !== '' ? key : isToken ? null : (bearer ?? null),
  }
}

interface Key {
  readonly holder: string
  readonly hash: Buffer
}

/** @throws ConfigError naming the line */
function readKeys(path: string): readonly Key[] {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch {
    throw new ConfigError(
      `environment: API_KEYS_FILE = ${path}: cannot be read; create it or correct the path`,
    )
  }
  const keys = text.split('\n').flatMap((line, index): Key[] => {
    if (/^\s*(#|$)/.test(line)) return []
    const [, holder, hash] = /^\s*([\w.@-]{1,64})\s+([0-9a-f]{64})\s*$/i.exec(line) ?? []
    if (holder === undefined || hash === undefined) {
      throw new ConfigError(
        `${path}: line ${index + 1}: write a name, a space and the SHA-256 of the key in hex`,
      )
    }
    return [{ holder, hash: Buffer.from(hash, 'hex') }]
  })
  if (keys.length === 0)
    throw new ConfigError(`${path}: holds no key; add a line: name, space, SHA-256 in hex`)
  return keys
}

/** Looks at every key whichever fits, so that the time it takes tells nothing. */
function holderOf(keys: readonly Key[], key: string): string | null {
  const hash = createHash('sha256').update(key).digest()
  let holder: string | null = null
  for (const known of keys) {
    if (timingSafeEqual(known.hash, hash)) holder = known.holder
  }
  return holder
}

interface Issuer {
  readonly getKey: JWTVerifyGetKey
  readonly algorithms: string[]
  readonly expected: { readonly issuer?: string; readonly audience?: string }
}

function issuerOf({ jwtSecret, jwksUrl, jwtIssuer, jwtAudience }: AuthParts['settings']): Issuer {
  const expected = {
    ...(jwtIssuer === null ? {} : { issuer: jwtIssuer }),
    ...(jwtAudience === null ? {} : { audience: jwtAudience }),
  }
  if (jwksUrl !== null) {
    return { getKey: createRemoteJWKSet(new URL(jwksUrl)), algorithms: PUBLIC, expected }
  }
  const secret = new TextEncoder().encode(jwtSecret ?? '')
  return { getKey: () => Promise.resolve(secret), algorithms: SHARED, expected }
}

/** Null when the token is not good; trouble is whatever says nothing about the token. */
async function attempt(
  verification: Promise<{ readonly payload: JWTPayload }>,
  onTrouble: (error: unknown) => void = () => undefined,
): Promise<JWTPayload | null> {
  try {
    return (await verification).payload
  } catch (error) {
    const code = (error as { readonly code?: unknown }).code
    const isAboutToken = typeof code === 'string' && /^ERR_J(WT|WS|OSE|WKS_NO_MATCHING)/.test(code)
    if (!isAboutToken || code === 'ERR_JOSE_GENERIC') onTrouble(error)
    return null
  }
}

function identityOf({ sub = '', exp = 0 }: JWTPayload): Identity {
  return { principal: { id: sub }, expiresAt: exp * 1000 }
}
