/**
 * What an operation can cost at most: one for each field it may answer, more for those that ask the sources,
 * multiplied where lists do. Hides which arguments size which lists. Pure; asked for valid documents of bounded
 * size only (see `guard`), so that a plain walk will do.
 */
import {
  Kind,
  getNamedType,
  getNullableType,
  isCompositeType,
  isIntrospectionType,
  isListType,
} from 'graphql'
import { isObjectType, isInterfaceType } from 'graphql'
import type {
  DocumentNode,
  FieldNode,
  FragmentDefinitionNode,
  GraphQLField,
  GraphQLNamedType,
  GraphQLSchema,
  OperationDefinitionNode,
  SelectionSetNode,
  ValueNode,
} from 'graphql'
import { MOST_CANDLES, MOST_LEVELS, MOST_SYMBOLS } from '../graphql/bounds.ts'

/** Null: not known yet, so the most that could be asked for. */
export type Given = Readonly<Record<string, unknown>> | null

/** Arguments that say how many, and the most that is ever answered. */
const MOST: Readonly<Record<string, number>> = {
  symbols: MOST_SYMBOLS,
  last: MOST_CANDLES,
  depth: MOST_LEVELS,
}
/** Lists whose length the nearest `last` or `depth` above them decides. */
const SIZED: ReadonlySet<string> = new Set(['nodes', 'rejected', 'bids', 'asks'])
/** Lists of sources, venues, listings and cache classes. */
const SHORT_LIST = 6
/** Fields a type, arguments a field, values a type: their average over the whole schema, or more. */
const INTROSPECTION_LIST = 2
/** Fields that may have to ask a source or the store. */
const WEIGHTS: Readonly<Record<string, number>> = {
  price: 2,
  volume24h: 2,
  vadr: 10,
  liquidity: 10,
  funding: 10,
  openInterest: 10,
  klines: 20,
  snapshot: 5,
  health: 5,
}

interface Walk {
  readonly schema: GraphQLSchema
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>
  readonly operation: OperationDefinitionNode
  readonly given: Given
}

export function costOf(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  given: Given,
): number {
  const fragments = new Map<string, FragmentDefinitionNode>()
  for (const node of document.definitions) {
    if (node.kind === Kind.FRAGMENT_DEFINITION) fragments.set(node.name.value, node)
  }
  const root = schema.getRootType(operation.operation)
  return root ? selected({ schema, fragments, operation, given }, operation.selectionSet, root, 1) : 0
}

function selected(walk: Walk, set: SelectionSetNode, parent: GraphQLNamedType, size: number): number {
  let cost = 0
  for (const node of set.selections) {
    if (node.kind === Kind.FIELD) cost += fieldCost(walk, node, parent, size)
    else {
      const fragment = node.kind === Kind.INLINE_FRAGMENT ? node : walk.fragments.get(node.name.value)
      if (fragment === undefined) continue
      const name = fragment.typeCondition?.name.value
      const type = name === undefined ? parent : (walk.schema.getType(name) ?? parent)
      cost += selected(walk, fragment.selectionSet, type, size)
    }
  }
  return cost
}

function fieldCost(walk: Walk, node: FieldNode, parent: GraphQLNamedType, size: number): number {
  const field = walk.schema.getField(
    isObjectType(parent) || isInterfaceType(parent) ? parent : (walk.schema.getQueryType() as never),
    node.name.value,
  )
  const type = field === undefined ? undefined : getNamedType(field.type)
  if (field === undefined || !isCompositeType(type) || node.selectionSet === undefined) return weightOf(node)
  const below = asked(walk, node, field, 'last') ?? asked(walk, node, field, 'depth') ?? size
  const times = timesOf(walk, node, field, parent, size)
  return times * (weightOf(node) + selected(walk, node.selectionSet, type, below))
}

const weightOf = ({ name }: FieldNode): number => WEIGHTS[name.value] ?? 1

function timesOf(
  walk: Walk,
  node: FieldNode,
  field: GraphQLField<unknown, unknown>,
  parent: GraphQLNamedType,
  size: number,
): number {
  // A stream of many symbols starts with the present state of each.
  const named = asked(walk, node, field, 'symbols')
  if (named !== null) return named
  if (!isListType(getNullableType(field.type))) return 1
  if (isIntrospectionType(parent)) {
    return node.name.value === 'types' ? Object.keys(walk.schema.getTypeMap()).length : INTROSPECTION_LIST
  }
  return SIZED.has(node.name.value) ? size : SHORT_LIST
}

/** How many the argument asks for, never more than is ever answered; null where the field takes no such argument. */
function asked(
  { operation, given }: Walk,
  node: FieldNode,
  field: GraphQLField<unknown, unknown>,
  name: string,
): number | null {
  const argument = field.args.find((each) => each.name === name)
  const most = MOST[name] ?? 1
  if (argument === undefined) return null
  const value = node.arguments?.find((each) => each.name.value === name)?.value
  const count = value === undefined ? numberIn(argument.defaultValue) : counted(value, operation, given)
  return Math.min(Math.max(count ?? most, 1), most)
}

function counted(node: ValueNode, operation: OperationDefinitionNode, given: Given): number | null {
  if (node.kind === Kind.INT) return Number(node.value)
  if (node.kind === Kind.LIST) return node.values.length
  if (node.kind !== Kind.VARIABLE) return 1
  if (given === null) return null
  const name = node.name.value
  if (given[name] !== undefined) return numberIn(given[name])
  const defined = operation.variableDefinitions?.find((each) => each.variable.name.value === name)
  return defined?.defaultValue === undefined ? null : counted(defined.defaultValue, operation, null)
}

function numberIn(value: unknown): number | null {
  if (Array.isArray(value)) return value.length
  if (typeof value === 'string') return 1
  return typeof value === 'number' && Number.isFinite(value) ? value : null
}
