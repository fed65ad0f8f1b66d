/** The vendor's packages bring no types: each is one value, in the shapes that the journeys touch. */

declare module 'sunshine-conversations-client' {
  const client: import('./shapes.ts').SunshineClient
  export = client
}

declare module 'sunshine-conversations-client-9' {
  const client: import('./shapes.ts').SunshineClient
  export = client
}

declare module 'sunshine-conversations-client-14' {
  const client: import('./shapes.ts').SunshineClient
  export = client
}

declare module 'smooch-core' {
  const SmoochCore: import('./shapes.ts').SmoochCore
  export = SmoochCore
}
