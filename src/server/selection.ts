/** Which fields of a type a selection asks for: fragments folded in, @skip and @include decided. */
import { Kind } from 'graphql'
import type {
  DirectiveNode,
  FieldNode,
  FragmentDefinitionNode,
  GraphQLObjectType,
  GraphQLSchema,
  SelectionSetNode,
} from 'graphql'
import { NotPlain } from './writers.ts'

export interface Given {
  readonly schema: GraphQLSchema
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>
  readonly variables: Readonly<Record<string, unknown>>
}

/** Response keys in document order with the nodes that ask for each. */
export function fieldsOf(
  given: Given,
  type: GraphQLObjectType,
  selections: readonly SelectionSetNode[],
  into = new Map<string, FieldNode[]>(),
): Map<string, FieldNode[]> {
  for (const { selections: nodes } of selections) {
    for (const node of nodes) {
      if (!isIncluded(node.directives, given)) continue
      if (node.kind === Kind.FIELD) {
        const key = node.alias?.value ?? node.name.value
        const same = into.get(key)
        if (same === undefined) into.set(key, [node])
        else same.push(node)
        continue
      }
      const fragment = node.kind === Kind.INLINE_FRAGMENT ? node : given.fragments.get(node.name.value)
      if (fragment === undefined) throw NotPlain
      if (applies(given.schema, fragment.typeCondition?.name.value, type)) {
        fieldsOf(given, type, [fragment.selectionSet], into)
      }
    }
  }
  return into
}

function applies(schema: GraphQLSchema, condition: string | undefined, type: GraphQLObjectType): boolean {
  if (condition === undefined || condition === type.name) return true
  const named = schema.getType(condition)
  return named !== undefined && 'resolveType' in named && schema.isSubType(named, type)
}

function isIncluded(directives: readonly DirectiveNode[] | undefined, { variables }: Given): boolean {
  for (const directive of directives ?? []) {
    const name = directive.name.value
    if (name !== 'skip' && name !== 'include') throw NotPlain
    const value = directive.arguments?.[0]?.value
    const isTrue =
      value?.kind === Kind.BOOLEAN
        ? value.value
        : value?.kind === Kind.VARIABLE && variables[value.name.value] === true
    if (isTrue === (name === 'skip')) return false
  }
  return true
}
