/** What a row of the table says, and how it is written down. A figure stands beside its peers' of the same run. */

export interface Figure {
  readonly name: string
  readonly value: number
  /** Further columns, as text. */
  readonly also?: Readonly<Record<string, string>>
}

export interface Goal {
  readonly text: string
  /** What we came to, in the goal's own words. */
  readonly reached: string
  /** Null where there is no bound to meet. */
  readonly isMet: boolean | null
}

export interface Report {
  readonly title: string
  readonly unit: string
  /** The higher the better, unless said otherwise. */
  readonly isLowBetter?: boolean
  /** Ours first. */
  readonly figures: readonly Figure[]
  readonly goals: readonly Goal[]
  readonly note?: string
}

export interface Mode {
  readonly runs: number
  readonly isQuick: boolean
}

/** A row: measured, then told. */
export type Row = (mode: Mode) => Promise<readonly Report[]>

export const atLeast = (what: string, reached: number, bound: number): Goal => ({
  text: `${what} ≥ ${bound}`,
  reached: ratioText(reached),
  isMet: Number.isFinite(reached) ? reached >= bound : null,
})

export const atMost = (what: string, reached: number, bound: number): Goal => ({
  text: `${what} ≤ ${bound}`,
  reached: ratioText(reached),
  isMet: Number.isFinite(reached) ? reached <= bound : null,
})

export const ratioText = (value: number): string =>
  Number.isFinite(value) ? `${value >= 10 ? value.toFixed(0) : value.toFixed(2)}` : 'not measured'

export const numberText = (value: number): string =>
  value >= 100
    ? Math.round(value).toLocaleString('en-US')
    : value.toFixed(value >= 10 ? 1 : value >= 1 ? 2 : 3)

export function markdownOf({ title, unit, isLowBetter = false, figures, goals, note }: Report): string {
  const ours = figures[0]?.value ?? NaN
  const columns = [...new Set(figures.flatMap(({ also = {} }) => Object.keys(also)))]
  const rows = figures.map(({ name, value, also = {} }, at) => {
    const ratio = isLowBetter ? value / ours : ours / value
    const cells = [
      name,
      numberText(value),
      at === 0 ? '' : ratioText(ratio),
      ...columns.map((each) => also[each] ?? ''),
    ]
    return `| ${cells.join(' | ')} |`
  })
  const head = ['', unit, isLowBetter ? 'its cost ÷ ours' : 'ours ÷ it', ...columns]
  return [
    `### ${title}`,
    '',
    `| ${head.join(' | ')} |`,
    `|${'---|'.repeat(head.length)}`,
    ...rows,
    '',
    ...goals.map(
      ({ text, reached, isMet }) =>
        `- ${isMet === null ? '·' : isMet ? '✔' : '✘ **short**'} goal: ${text}; ours: ${reached}`,
    ),
    ...(note === undefined ? [] : ['', note]),
    '',
  ].join('\n')
}

export const medianOf = (values: readonly number[]): number =>
  values.toSorted((one, other) => one - other)[values.length >> 1] ?? NaN
