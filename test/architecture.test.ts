/** The law of imports, read off the import lines, and a few things no line of the code may say. */
import { readFileSync, readdirSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { describe, expect, it } from 'vitest'

interface Imported {
  /** `src/…` for ours; a package's name for others. */
  readonly target: string
  readonly isType: boolean
}

interface SourceFile {
  readonly path: string
  readonly text: string
  /** Without comments. */
  readonly code: string
  readonly imports: readonly Imported[]
}

const files = filesUnder('src').map(read)

interface Rights {
  readonly may: readonly string[]
  /** As types alone. */
  readonly types?: readonly string[]
  /** Single files of other rooms. */
  readonly files?: readonly string[]
}

/** A room may use these rooms, and itself. */
const LAW: Readonly<Record<string, Rights>> = {
  main: { may: ['app', 'config', 'domain', 'facade', 'sim'] },
  app: {
    may: ['config', 'environment', 'domain', 'facade', 'graphql', 'server', 'sources', 'store', 'wire'],
  },
  // Rates are counted in the Redis the store talks to, over a link made the same way.
  server: {
    may: ['environment', 'graphql', 'facade', 'domain'],
    types: ['config'],
    files: ['src/store/link.ts'],
  },
  graphql: { may: ['facade', 'domain'] },
  facade: { may: ['sources', 'wire', 'store', 'domain'], types: ['config'] },
  sources: { may: ['domain', 'wire'] },
  wire: { may: ['domain'] },
  store: { may: ['domain'] },
  sim: { may: ['domain'] },
  config: { may: ['config-file', 'environment', 'domain'] },
  'config-file': { may: ['environment', 'domain'] },
  environment: { may: [] },
  domain: { may: [] },
}

/** Packages each room may use; node's own modules beside them where it does I/O. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  main: ['node:'],
  app: ['node:', 'pino'],
  server: [
    'node:',
    '@graphql-yoga/',
    'graphql',
    'graphql-ws',
    'graphql-yoga',
    'ioredis',
    'jose',
    'pino',
    'prom-client',
    'rate-limiter-flexible',
    'undici',
    'ws',
  ],
  graphql: ['@pothos/core', 'graphql', 'dataloader'],
  facade: ['node:'],
  sources: ['zod'],
  wire: ['node:', 'undici', 'ws', 'zod'],
  store: ['node:', 'ioredis'],
  sim: ['node:', 'ws', 'zod'],
  config: ['node:path'],
  'config-file': ['node:', 'yaml', 'zod'],
  environment: [],
  domain: [],
}

describe('the law of imports', () => {
  it('is kept by every import line: never back up', () => {
    const broken = files.flatMap(({ path, imports }) => {
      const room = roomOf(path)
      const { may = [], types = [], files: single = [] }: Partial<Rights> = LAW[room] ?? {}
      return imports
        .filter(({ target }) => target.startsWith('src/'))
        .filter(({ target, isType }) => {
          const other = roomOf(target)
          const isAllowed =
            may.includes(other) || single.includes(target) || (isType && types.includes(other))
          return other !== room && !isAllowed
        })
        .map(({ target }) => `${path} → ${target}`)
    })
    expect(broken).toEqual([])
  })

  it('lets each room use its own packages and no others', () => {
    const strange = files.flatMap(({ path, imports }) => {
      const allowed = PACKAGES[roomOf(path)] ?? []
      const isAllowed = (name: string): boolean =>
        allowed.some((each) =>
          each.endsWith(':') || each.endsWith('/') ? name.startsWith(each) : name === each,
        )
      return imports
        .filter(({ target }) => !target.startsWith('src/') && !isAllowed(target))
        .map(({ target }) => `${path} → ${target}`)
    })
    expect(strange).toEqual([])
  })

  it('keeps venues apart: a source imports its own files, and shared ones that name no venue', () => {
    const venues = ['binance', 'okx', 'coinbase', 'kraken', 'coingecko', 'coinpaprika']
    const venueOf = (path: string): string | undefined =>
      venues.find((venue) => path.startsWith(`src/sources/${venue}`))
    const broken = files
      .filter(({ path }) => venueOf(path) !== undefined)
      .flatMap(({ path, imports }) =>
        imports
          .filter(({ target }) => ![undefined, venueOf(path)].includes(venueOf(target)))
          .map(({ target }) => `${path} → ${target}`),
      )
    expect(broken).toEqual([])
  })

  it("shows sources the wire's pure halves only", () => {
    expect(
      targetsOf('src/sources/', (target) => target.startsWith('src/wire/')).filter(
        (target) => !['src/wire/request.ts', 'src/wire/reply.ts', 'src/wire/json.ts'].includes(target),
      ),
    ).toEqual([])
  })

  it('lets main, tests and benches alone play with the simulator', () => {
    const players = files.filter(
      ({ path, imports }) =>
        roomOf(path) !== 'sim' && imports.some(({ target }) => target.startsWith('src/sim/')),
    )
    expect(players.map(({ path }) => path)).toEqual(['src/main.ts'])
  })

  it('has the facade see stores and sources as contracts: implementations are picked in app.ts', () => {
    const implementations =
      /^src\/(sources\/(index|binance|okx|coinbase|kraken|coingecko|coinpaprika)|store\/(memory|redis))/
    const values = files
      .filter(({ path }) => !['app', 'sources', 'store'].includes(roomOf(path)))
      .flatMap(({ path, imports }) =>
        imports
          .filter(({ target }) => implementations.test(target))
          .map(({ target }) => `${path} → ${target}`),
      )
    expect(values).toEqual([])
  })
})

describe('the house rules', () => {
  it('takes time and chance from app.ts alone', () => {
    const pattern = /\bDate\.now\(|\bnew Date\(\)|\bMath\.random\b|\bperformance\.now\(/
    const tellers = files.filter(({ path, code }) => roomOf(path) !== 'sim' && pattern.test(code))
    expect(tellers.map(({ path }) => path)).toEqual(['src/app.ts'])
  })

  it('sets no timer but through the clock', () => {
    const timers = files.filter(
      ({ path, code }) => !['sim', 'app'].includes(roomOf(path)) && /\bset(Timeout|Interval)\(/.test(code),
    )
    expect(timers.map(({ path }) => path)).toEqual([])
  })

  it('reads the environment in main.ts alone', () => {
    const readers = files.filter(({ code }) => code.includes('process.env'))
    expect(readers.map(({ path }) => path)).toEqual(['src/main.ts'])
  })

  it('holds no file of more than 300 lines', () => {
    const long = files.map(({ path, text }) => ({ path, lines: text.split('\n').length - 1 }))
    expect(long.filter(({ lines }) => lines > 300)).toEqual([])
  })

  it('opens each file with what it hides', () => {
    const silent = files.filter(({ text }) => !text.startsWith('/**'))
    expect(silent.map(({ path }) => path)).toEqual([])
  })

  it('gives up on no type, and postpones nothing', () => {
    const words = files.map(({ path, text, code }) => ({
      path,
      text,
      bare: code.replaceAll(/(['"`]).*?\1/g, ''),
    }))
    const weak = words.filter(
      ({ text, bare }) =>
        /[:<|]\s*any\b|\bas any\b/.test(bare) ||
        /@ts-(ignore|expect-error|nocheck)|\b(TODO|FIXME|XXX)\b/.test(text),
    )
    expect(weak.map(({ path }) => path)).toEqual([])
  })

  it('has no Manager, Helper, Util, Service, Base, Impl or Info, and handles and processes nothing', () => {
    const vague =
      /\b(class|interface|type) \w*(Manager|Helper|Util|Utils|Service|Base|Impl|Info)\b|\b(function|const) (handle|process)[A-Z]\w*/g
    const found = files.flatMap(({ path, code }) =>
      [...code.matchAll(vague)].map(([words]) => `${path}: ${words}`),
    )
    expect(found).toEqual([])
  })

  it('raises no error but its own: codes of the contract are the only ones thrown to a client', () => {
    const throwers = files.filter(
      ({ path, code }) =>
        path.startsWith('src/facade/') && /throw new (?!FacadeError|TypeError|RangeError|Error)/.test(code),
    )
    expect(throwers.map(({ path }) => path)).toEqual([])
  })
})

function filesUnder(directory: string): readonly string[] {
  return readdirSync(directory, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted()
}

function read(path: string): SourceFile {
  const text = readFileSync(path, 'utf8')
  const code = text.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/(^|\s)\/\/.*$/gm, '')
  const statements = code.matchAll(
    /^(?:import|export)\s+(type\s)?[^'"]*?from\s+'([^']+)'|^import\s+'([^']+)'|\bimport\('([^']+)'\)/gm,
  )
  const imports = [...statements].map(([, type, from, bare, dynamic]) => ({
    target: resolve(path, from ?? bare ?? dynamic ?? ''),
    isType: type !== undefined,
  }))
  return { path, text, code, imports }
}

function resolve(path: string, specifier: string): string {
  return specifier.startsWith('.') ? normalize(join(dirname(path), specifier)) : specifier
}

/** `src/facade/warm/warm.ts` is in the facade, `src/main.ts` is a room of its own. */
function roomOf(path: string): string {
  return /^src\/([\w-]+)/.exec(path)?.[1] ?? path
}

function targetsOf(under: string, isWanted: (target: string) => boolean): readonly string[] {
  return files
    .filter(({ path }) => path.startsWith(under))
    .flatMap(({ imports }) => imports.map(({ target }) => target))
    .filter(isWanted)
}
