/** One file of a recording, written as it happens: a line of meta, then a record a line, gzipped. */
import { createWriteStream, mkdirSync } from 'node:fs'
import type { WriteStream } from 'node:fs'
import { join } from 'node:path'
import { finished } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import type { Gzip } from 'node:zlib'
import type { Source } from '../domain/market.ts'

export interface Recording {
  readonly file: string
  readonly add: (record: {
    readonly k: 'open' | 'tx' | 'rx' | 'http'
    readonly url?: string
    readonly raw?: string
    readonly status?: number
  }) => void
  readonly count: () => number
  readonly close: () => Promise<void>
}

export interface RecordingOptions {
  readonly directory: string
  readonly source: Source
  /** `stream-1`, `rest` */
  readonly name: string
  readonly url: string
  readonly now: () => number
}

export function openRecording({ directory, source, name, url, now }: RecordingOptions): Recording {
  const startedAt = now()
  const home = join(directory, source.toLowerCase(), 'ws')
  const stamp = new Date(startedAt).toISOString().replaceAll(/[-:]|\.\d+Z/g, '')
  const file = `${source.toLowerCase()}/ws/${name}_${stamp}.ndjson.gz`
  // Nothing heard, no file.
  let writing: { readonly gzip: Gzip; readonly output: WriteStream } | undefined
  const begin = (): { readonly gzip: Gzip; readonly output: WriteStream } => {
    mkdirSync(home, { recursive: true })
    const gzip = createGzip()
    const output = createWriteStream(join(directory, file))
    gzip.pipe(output)
    gzip.write(`${JSON.stringify({ k: 'meta', t0_unix_ms: startedAt, origin: 'recorded live', url })}\n`)
    return { gzip, output }
  }
  let records = 0
  return {
    file,
    add: ({ k, ...rest }) => {
      records++
      writing ??= begin()
      writing.gzip.write(`${JSON.stringify({ t: now() - startedAt, k, ...rest })}\n`)
    },
    count: () => records,
    close: async () => {
      if (writing === undefined) return
      writing.gzip.end()
      await finished(writing.output)
    },
  }
}
