/** GraphQL over WebSocket beside Yoga, as Yoga's documentation has it. */
import { useServer } from 'graphql-ws/use/ws'
import { WebSocketServer } from 'ws'

export function serveYoga(yoga, server) {
  const sockets = new WebSocketServer({ server, path: '/graphql' })
  useServer(
    {
      execute: (args) => args.rootValue.execute(args),
      subscribe: (args) => args.rootValue.subscribe(args),
      onSubscribe: async (ctx, _id, payload) => {
        const {
          schema: own,
          execute,
          subscribe,
          contextFactory,
          parse,
          validate,
        } = yoga.getEnveloped({ ...ctx, req: ctx.extra.request, socket: ctx.extra.socket, params: payload })
        const args = {
          schema: own,
          operationName: payload.operationName,
          document: parse(payload.query),
          variableValues: payload.variables,
          contextValue: await contextFactory(),
          rootValue: { execute, subscribe },
        }
        const errors = validate(args.schema, args.document)
        return errors.length > 0 ? errors : args
      },
    },
    sockets,
  )
}
