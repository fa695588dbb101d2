/**
 * Recorded traffic on disk: `<source>/ws/*.ndjson[.gz]` one record a line, `<source>/rest/*.json[.gz]` arrays of
 * request and response. Hides compression and what a recording is missing.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { isVenue, SOURCES } from '../domain/market.ts'
import type { Source, Venue } from '../domain/market.ts'
import { SPEECHES } from './speech.ts'

export interface Heard {
  /** Milliseconds since the take began. */
  readonly t: number
  readonly raw: string
  readonly topic: string | null
}

/** One connection's life as recorded, or several that ran at the same time. */
export interface Take {
  readonly venue: Venue
  readonly files: readonly string[]
  readonly startedAt: number
  readonly endedAt: number
  readonly frames: readonly Heard[]
  readonly topics: ReadonlySet<string>
}

/** A REST answer as recorded. */
export interface Recorded {
  readonly source: Source
  readonly url: string
  readonly status: number
  readonly body: string
  /** Epoch milliseconds; 0 where only the day is known. */
  readonly at: number
}

export interface Skipped {
  readonly file: string
  readonly reason: string
}

export interface Captures {
  readonly takes: readonly Take[]
  readonly answers: readonly Recorded[]
  readonly skipped: readonly Skipped[]
}

export function loadCaptures(directory: string): Captures {
  const takes: Take[] = []
  const answers: Recorded[] = []
  const skipped: Skipped[] = []
  for (const source of SOURCES) {
    const home = source.toLowerCase()
    for (const name of filesIn(join(directory, home, 'rest'), /\.json(?:\.gz)?$/)) {
      answers.push(...restAnswers(source, join(directory, home, 'rest', name)))
    }
    for (const name of filesIn(join(directory, home, 'ws'), /\.ndjson(?:\.gz)?$/)) {
      const file = `${home}/ws/${name}`
      const loaded = loadTake(source, { file, path: join(directory, file) })
      answers.push(...loaded.answers)
      if (loaded.take !== null) takes.push(loaded.take)
      else if (loaded.reason !== null) skipped.push({ file, reason: loaded.reason })
    }
  }
  return { takes: joined(takes), answers, skipped }
}

function filesIn(directory: string, pattern: RegExp): readonly string[] {
  try {
    return readdirSync(directory)
      .filter((name) => pattern.test(name))
      .toSorted()
  } catch {
    return []
  }
}

function textOf(path: string): string {
  const bytes = readFileSync(path)
  return (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8')
}

interface RestRow {
  readonly captured?: string
  readonly request?: { readonly url?: string }
  readonly response?: { readonly status?: number; readonly body?: unknown }
}

function restAnswers(source: Source, path: string): readonly Recorded[] {
  const rows = JSON.parse(textOf(path)) as unknown
  if (!Array.isArray(rows)) return []
  return (rows as readonly RestRow[]).flatMap(({ captured, request, response }) => {
    if (request?.url === undefined || response === undefined) return []
    const body = typeof response.body === 'string' ? response.body : JSON.stringify(response.body)
    const at = Date.parse(captured ?? '')
    return [{ source, url: request.url, status: response.status ?? 200, body, at: Number.isNaN(at) ? 0 : at }]
  })
}

interface Line {
  readonly k?: string
  readonly t?: number
  readonly url?: string
  readonly raw?: string
  readonly status?: number
  readonly t0_unix_ms?: number
}

interface Loaded {
  readonly take: Take | null
  readonly answers: readonly Recorded[]
  readonly reason: string | null
}

function loadTake(source: Source, { file, path }: { readonly file: string; readonly path: string }): Loaded {
  const lines = textOf(path)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line)
  const startedAt = lines[0]?.t0_unix_ms ?? 0
  const answers = lines.flatMap(({ k, url, raw, t = 0, status = 200 }) =>
    k === 'http' && url !== undefined && raw !== undefined
      ? [{ source, url, status, body: raw, at: startedAt + t }]
      : [],
  )
  if (!isVenue(source)) return { take: null, answers, reason: null }
  const heard = lines.filter(({ k, raw }) => k === 'rx' && raw !== undefined)
  // A file of REST answers alone.
  if (heard.length === 0) return { take: null, answers, reason: null }
  const speech = SPEECHES[source]
  const url = lines.find((line) => line.url !== undefined && line.k !== 'http')?.url ?? ''
  const reason = speech.objection(
    url,
    heard.map(({ raw }) => raw!),
  )
  if (reason !== null) return { take: null, answers: [], reason }
  const frames = heard.map(({ t = 0, raw }) => ({ t, raw: raw!, topic: speech.topicOf(raw!) }))
  const topics = new Set(frames.flatMap(({ topic }) => (topic === null ? [] : [topic])))
  const take = {
    venue: source,
    files: [file],
    startedAt,
    endedAt: startedAt + frames.at(-1)!.t,
    frames,
    topics,
  }
  return { take, answers, reason: null }
}

/** Connections of one venue that were open together are played together; numbered ones cannot be. */
function joined(takes: readonly Take[]): readonly Take[] {
  const result: Take[] = []
  for (const take of takes.toSorted((left, right) => left.startedAt - right.startedAt)) {
    const at = result.findLastIndex(({ venue }) => venue === take.venue)
    const before = result[at]
    if (before === undefined || SPEECHES[take.venue].isWhole || take.startedAt > before.endedAt) {
      result.push(take)
      continue
    }
    const later = take.startedAt - before.startedAt
    result[at] = {
      ...before,
      files: [...before.files, ...take.files],
      endedAt: Math.max(before.endedAt, take.endedAt),
      frames: [...before.frames, ...take.frames.map((frame) => ({ ...frame, t: frame.t + later }))].toSorted(
        (left, right) => left.t - right.t,
      ),
      topics: new Set([...before.topics, ...take.topics]),
    }
  }
  return result
}
