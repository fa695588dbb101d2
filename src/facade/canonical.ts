/**
 * One text for one value: keys in code-unit order, no white space, absent members left out. Two processes
 * that hold equal values write equal bytes, so a hash of the text names the value.
 */

export function canonical(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (value instanceof Map) return canonical(Object.fromEntries(value))
  const members = value as Readonly<Record<string, unknown>>
  const written = Object.keys(members)
    .sort()
    .filter((key) => members[key] !== undefined)
    .map((key) => `${JSON.stringify(key)}:${canonical(members[key])}`)
  return `{${written.join(',')}}`
}
