/**
 * How large a document is, worked out in one pass: what a fragment amounts to is measured once, however often it is
 * spread, and one that contains itself is endless.
 */
import { Kind, getNamedType, getNullableType, isInterfaceType, isListType, isObjectType } from 'graphql'
import type {
  DefinitionNode,
  FieldNode,
  FragmentDefinitionNode,
  GraphQLNamedType,
  GraphQLSchema,
  SelectionSetNode,
} from 'graphql'

/** What a selection amounts to, fragments included. */
export interface Measure {
  fields: number
  aliases: number
  directives: number
  depth: number
  lists: number
}

export const NOTHING: Readonly<Measure> = { fields: 0, aliases: 0, directives: 0, depth: 0, lists: 0 }
const ENDLESS: Readonly<Measure> = { ...NOTHING, fields: Infinity, depth: Infinity }

export class Ruler {
  readonly #schema: GraphQLSchema
  readonly #fragments: ReadonlyMap<string, FragmentDefinitionNode>
  readonly #known = new Map<string, Readonly<Measure>>()

  constructor(schema: GraphQLSchema, fragments: ReadonlyMap<string, FragmentDefinitionNode>) {
    this.#schema = schema
    this.#fragments = fragments
  }

  definition(node: DefinitionNode): Readonly<Measure> {
    if (node.kind === Kind.FRAGMENT_DEFINITION) return this.#fragment(node.name.value)
    if (node.kind !== Kind.OPERATION_DEFINITION) return NOTHING
    const measure = this.#selection(node.selectionSet, this.#schema.getRootType(node.operation) ?? undefined)
    measure.directives += node.directives?.length ?? 0
    for (const variable of node.variableDefinitions ?? [])
      measure.directives += variable.directives?.length ?? 0
    return measure
  }

  #selection(set: SelectionSetNode, parent: GraphQLNamedType | undefined): Measure {
    const total: Measure = { ...NOTHING }
    for (const node of set.selections) {
      total.directives += node.directives?.length ?? 0
      if (node.kind === Kind.FIELD) add(total, this.#field(node, parent))
      else if (node.kind === Kind.FRAGMENT_SPREAD) {
        // Counted even when it brings nothing, so that nobody fans out to nothing.
        total.fields += 1
        add(total, this.#fragment(node.name.value))
      } else {
        const name = node.typeCondition?.name.value
        const type = name === undefined ? parent : this.#schema.getType(name)
        add(total, this.#selection(node.selectionSet, type))
      }
    }
    return total
  }

  #field(node: FieldNode, parent: GraphQLNamedType | undefined): Measure {
    const isKnown = isObjectType(parent) || isInterfaceType(parent)
    const field = isKnown ? this.#schema.getField(parent, node.name.value) : undefined
    const type = field === undefined ? undefined : getNamedType(field.type)
    const inner = node.selectionSet === undefined ? { ...NOTHING } : this.#selection(node.selectionSet, type)
    inner.fields += 1
    inner.depth += 1
    inner.aliases += node.alias === undefined ? 0 : 1
    const isListOfObjects = node.selectionSet !== undefined && field !== undefined
    inner.lists += isListOfObjects && isListType(getNullableType(field.type)) ? 1 : 0
    return inner
  }

  #fragment(name: string): Readonly<Measure> {
    const known = this.#known.get(name)
    if (known !== undefined) return known
    const node = this.#fragments.get(name)
    if (node === undefined) return NOTHING
    // Met again before it is worked out: it contains itself.
    this.#known.set(name, ENDLESS)
    const measure = this.#selection(node.selectionSet, this.#schema.getType(node.typeCondition.name.value))
    measure.directives += node.directives?.length ?? 0
    this.#known.set(name, measure)
    return measure
  }
}

export function add(total: Measure, part: Readonly<Measure>): void {
  total.fields += part.fields
  total.aliases += part.aliases
  total.directives += part.directives
  total.depth = Math.max(total.depth, part.depth)
  total.lists = Math.max(total.lists, part.lists)
}
