/** Selections that leave nothing out: every field of a type, down to its leaves. */
import { getNamedType, isInterfaceType, isLeafType, isObjectType } from 'graphql'
import type { GraphQLSchema } from 'graphql'

/** `options`: arguments by `Type.field`; `false` leaves the field out. */
export function everythingOf(
  schema: GraphQLSchema,
  typeName: string,
  options: Readonly<Record<string, string | false>> = {},
): string {
  const type = schema.getType(typeName)
  if (!isObjectType(type) && !isInterfaceType(type)) throw new Error(`${typeName} has no fields`)
  const fields = Object.values(type.getFields()).flatMap((field) => {
    const given = options[`${typeName}.${field.name}`]
    if (given === false) return []
    const inner = getNamedType(field.type)
    const below = isLeafType(inner) ? '' : ` ${everythingOf(schema, inner.name, options)}`
    return [`${field.name}${given ?? ''}${below}`]
  })
  return `{ ${fields.join(' ')} }`
}

/** Every object under any key `name`, however deep. */
export function allNamed(value: unknown, name: string): readonly Readonly<Record<string, unknown>>[] {
  if (typeof value !== 'object' || value === null) return []
  if (Array.isArray(value)) return value.flatMap((entry) => allNamed(entry, name))
  return Object.entries(value).flatMap(([key, entry]) => [
    ...(key === name && entry !== null ? [entry as Readonly<Record<string, unknown>>] : []),
    ...allNamed(entry, name),
  ])
}
