import type { Action } from '@gatehouse/core/access'
import { isId, type Resource, resourceOf } from '@gatehouse/core/resource'
import type { TokenKind } from '@gatehouse/core/token'

/** What a route asks the gate for. Every route of the server has one; start-up fails otherwise. */
export type Asking =
  /** Open to everybody, for a reason that can be said. */
  | { readonly kind: 'open'; readonly why: string }
  /** An action on a resource; the path's parameters are filled into the template. */
  | { readonly kind: 'resource'; readonly action: Action; readonly template: string }
  /** The same, but with another action where the query holds a parameter. */
  | {
      readonly kind: 'query'
      readonly parameter: string
      readonly present: Action
      readonly absent: Action
      readonly template: string
    }
  /** An action on the attachment named in the path by its id; on the app where there is no such attachment. */
  | { readonly kind: 'attachment'; readonly action: Action }
  /** An action on the app, or at least on the conversation that the body names. */
  | { readonly kind: 'conversation in body'; readonly action: Action }
  /** An action wherever the credential itself holds it. */
  | { readonly kind: 'own'; readonly action: Action }
  /** The same with tokens of one kind only, and with no other. */
  | { readonly kind: 'token'; readonly action: Action; readonly of: TokenKind }
  /** The surface asks the gate by itself, with the credential that its dialect finds; what for, its own table says. */
  | { readonly kind: 'surface'; readonly surface: string }
  /** Open to direct connections from this machine, an action on the root for everybody else. */
  | { readonly kind: 'loopback'; readonly action: Action }

/** A route open to everybody; `why` is for the reader of the table. */
export function open(why: string): Asking {
  return { kind: 'open', why }
}

/** A route that asks for an action on a resource: `ask('manage', '/apps/{app}/users/{uid}')`. */
export function ask(action: Action, template: string): Asking {
  return { kind: 'resource', action, template }
}

/** A route that asks for `present` where the query has the parameter and for `absent` where it has not. */
export function askByQuery(parameter: string, present: Action, absent: Action, template: string): Asking {
  return { kind: 'query', parameter, present, absent, template }
}

/** A route under `/v1/apps/{app}/attachments/{id}`: the attachment's own path is judged. */
export function askAttachment(action: Action): Asking {
  return { kind: 'attachment', action }
}

/** A route under `/v1/apps/{app}` whose body names a `conversation`: who holds the action only there may call it too. */
export function askConversationInBody(action: Action): Asking {
  return { kind: 'conversation in body', action }
}

/** A route without a place in the tree: whoever holds the action anywhere may call it. */
export function askOwn(action: Action): Asking {
  return { kind: 'own', action }
}

/** A route without a place in the tree that takes tokens of one kind, which hold the action somewhere. */
export function askWith(of: TokenKind, action: Action): Asking {
  return { kind: 'token', action, of }
}

/** A route of a surface, which finds the credential and asks the gate itself. */
export function askThroughSurface(surface: string): Asking {
  return { kind: 'surface', surface }
}

/** A route open to direct connections from this machine; everybody else needs the action on the root. */
export function askUnlessLoopback(action: Action): Asking {
  return { kind: 'loopback', action }
}

/**
 * The resource that a template names with these parameters. A parameter that can be no id ends the path before it, so that
 * the call is judged by what lies above and only who may know that is told what is wrong.
 */
export function fill(template: string, params: Readonly<Record<string, string>>): Resource {
  const segments: string[] = []
  for (const part of template.split('/').slice(1)) {
    const name = /^\{(\w+)\}$/.exec(part)?.[1]
    const segment = name === undefined ? part : (params[name] ?? '')
    if (segment === '' || !isId(segment)) break
    segments.push(segment)
  }
  return resourceOf(...segments)
}
