import { type SerializerFactory, SerializerSelector } from '@fastify/fast-json-stringify-compiler'

/**
 * Creates what Fastify makes JSON of answers with: only what the schema of an answer names leaves. The writer of each answer is compiled
 * when it is needed first; there are hundreds, and all together they would hold up the start.
 */
export function createSerializers(): SerializerFactory {
  const factory = SerializerSelector()
  return (externalSchemas, options) => {
    const compile = factory(externalSchemas, options)
    return (route) => {
      let serialize: ReturnType<typeof compile> | null = null
      return (answer) => {
        serialize ??= compile(route)
        return serialize(answer)
      }
    }
  }
}
