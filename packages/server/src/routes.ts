import {
  type Asking,
  ask,
  askAttachment,
  askByQuery,
  askConversationInBody,
  askOwn,
  askUnlessLoopback,
  askWith,
  open,
} from './ask.ts'
import type { Endpoint } from './endpoint.ts'
import type { Features } from './features.ts'

/** One call of the API: where it is, what it asks the gate for, and what answers it. */
export type Row = readonly [method: Method, path: string, asking: Asking, endpoint: Endpoint]

/** The methods that the API uses; HEAD comes along with GET. */
export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'OPTIONS'

const APP = '/apps/{app}'
const USER = '/apps/{app}/users/{uid}'
const CONVERSATION = '/apps/{app}/conversations/{conversation}'

/** The whole native HTTP surface. */
// biome-ignore format: one row is one line
export function routes(to: Features): readonly Row[] {
  const { apps, keys, users, logins, conversations, members, talks, attachments, links, messages, tokens, mediaTokens, cookies, mediaKeys, revocations, views, webhooks, forwardAuth, health } = to
  return [
    ['POST',   '/v1/apps',                                               ask('manage', '/'),               apps.create],
    ['GET',    '/v1/apps',                                               ask('manage', '/'),               apps.list],
    ['GET',    '/v1/apps/{app}',                                         ask('manage', APP),               apps.get],
    ['PATCH',  '/v1/apps/{app}',                                         ask('manage', APP),               apps.change],
    ['DELETE', '/v1/apps/{app}',                                         ask('manage', APP),               apps.delete],
    ['POST',   '/v1/apps/{app}/deactivate',                              ask('manage', APP),               apps.deactivate],
    ['POST',   '/v1/apps/{app}/activate',                                ask('manage', APP),               apps.activate],
    ['POST',   '/v1/apps/{app}/link-key/retire',                         ask('manage', APP),               apps.retireLinkKey],

    ['POST',   '/v1/apps/{app}/keys',                                    ask('manage', APP),               keys.create],
    ['GET',    '/v1/apps/{app}/keys',                                    ask('manage', APP),               keys.list],
    ['GET',    '/v1/apps/{app}/keys/{key}',                              ask('manage', APP),               keys.get],
    ['PATCH',  '/v1/apps/{app}/keys/{key}',                              ask('manage', APP),               keys.change],
    ['DELETE', '/v1/apps/{app}/keys/{key}',                              ask('manage', APP),               keys.delete],
    ['POST',   '/v1/apps/{app}/keys/{key}/deactivate',                   ask('manage', APP),               keys.deactivate],
    ['POST',   '/v1/apps/{app}/keys/{key}/activate',                     ask('manage', APP),               keys.activate],

    ['GET',    '/v1/apps/{app}/users',                                   ask('manage', APP),               users.list],
    ['PUT',    '/v1/apps/{app}/users/{uid}',                             ask('manage', USER),              users.put],
    ['GET',    '/v1/apps/{app}/users/{uid}',                             ask('manage', USER),              users.get],
    ['DELETE', '/v1/apps/{app}/users/{uid}',                             ask('manage', USER),              users.delete],
    ['POST',   '/v1/apps/{app}/users/{uid}/deactivate',                  ask('manage', USER),              users.deactivate],
    ['POST',   '/v1/apps/{app}/users/{uid}/activate',                    ask('manage', USER),              users.activate],
    ['POST',   '/v1/apps/{app}/users/{uid}/merge',                       ask('manage', APP),               users.merge],

    ['POST',   '/v1/apps/{app}/users/{uid}/logins',                      ask('issue', USER),               logins.create],
    ['GET',    '/v1/apps/{app}/users/{uid}/logins',                      ask('manage', USER),              logins.list],
    ['DELETE', '/v1/apps/{app}/users/{uid}/logins',                      ask('manage', USER),              logins.endAll],
    ['GET',    '/v1/apps/{app}/users/{uid}/logins/{login}',              ask('manage', USER),              logins.get],
    ['DELETE', '/v1/apps/{app}/users/{uid}/logins/{login}',              ask('manage', USER),              logins.end],

    ['GET',    '/v1/apps/{app}/users/{uid}/conversations',               ask('manage', USER),              talks.list],
    ['GET',    '/v1/apps/{app}/conversations',                           ask('manage', APP),               conversations.list],
    ['PUT',    '/v1/apps/{app}/conversations/{conversation}',            ask('manage', CONVERSATION),      conversations.put],
    ['GET',    '/v1/apps/{app}/conversations/{conversation}',            ask('manage', CONVERSATION),      conversations.get],
    ['PATCH',  '/v1/apps/{app}/conversations/{conversation}',            ask('manage', CONVERSATION),      conversations.change],
    ['DELETE', '/v1/apps/{app}/conversations/{conversation}',            ask('manage', CONVERSATION),      conversations.delete],
    ['POST',   '/v1/apps/{app}/conversations/{conversation}/merge',      ask('manage', APP),               conversations.merge],
    ['GET',    '/v1/apps/{app}/conversations/{conversation}/members',    ask('manage', CONVERSATION),      members.list],
    ['POST',   '/v1/apps/{app}/conversations/{conversation}/members',    ask('manage', CONVERSATION),      members.addMany],
    ['PUT',    '/v1/apps/{app}/conversations/{conversation}/members/{uid}', ask('manage', CONVERSATION),   members.add],
    ['DELETE', '/v1/apps/{app}/conversations/{conversation}/members/{uid}', ask('manage', CONVERSATION),   members.remove],
    ['GET',    '/v1/apps/{app}/conversations/{conversation}/bans',       ask('manage', CONVERSATION),      members.bans],
    ['PUT',    '/v1/apps/{app}/conversations/{conversation}/bans/{uid}', ask('manage', CONVERSATION),      members.ban],
    ['DELETE', '/v1/apps/{app}/conversations/{conversation}/bans/{uid}', ask('manage', CONVERSATION),      members.unban],
    ['GET',    '/v1/apps/{app}/conversations/{conversation}/messages',   askByQuery('for', 'issue', 'manage', CONVERSATION), messages.list],
    ['POST',   '/v1/apps/{app}/conversations/{conversation}/attachments', ask('write', CONVERSATION),      attachments.upload],

    ['POST',   '/v1/apps/{app}/messages',                                askConversationInBody('write'),   messages.create],
    ['GET',    '/v1/apps/{app}/messages/{message}',                      ask('manage', APP),               messages.get],
    ['PATCH',  '/v1/apps/{app}/messages/{message}',                      ask('write', APP),                messages.edit],
    ['DELETE', '/v1/apps/{app}/messages/{message}',                      ask('write', APP),                messages.delete],

    ['POST',   '/v1/apps/{app}/attachments',                             ask('write', APP),                attachments.uploadOutside],
    ['GET',    '/v1/apps/{app}/attachments',                             ask('manage', APP),               attachments.list],
    ['POST',   '/v1/apps/{app}/attachments/protect',                     ask('manage', APP),               attachments.protect],
    ['POST',   '/v1/apps/{app}/attachments/unprotect',                   ask('manage', APP),               attachments.unprotect],
    ['GET',    '/v1/apps/{app}/attachments/{id}',                        askAttachment('manage'),          attachments.get],
    ['DELETE', '/v1/apps/{app}/attachments/{id}',                        askAttachment('write'),           attachments.delete],
    ['GET',    '/v1/apps/{app}/attachments/{id}/links',                  askAttachment('issue'),           links.list],
    ['GET',    '/v1/apps/{app}/attachments/{id}/links/{uid}',            askAttachment('issue'),           links.get],
    ['GET',    '/v1/apps/{app}/attachments/{id}/receipts',               askAttachment('manage'),          links.receipts],

    ['POST',   '/v1/apps/{app}/tokens',                                  ask('issue', APP),                tokens.create],
    ['POST',   '/v1/tokens/inspect',                                     askOwn('manage'),                 tokens.inspect],
    ['POST',   '/v1/apps/{app}/media-tokens',                            ask('issue', APP),                mediaTokens.create],
    ['GET',    '/v1/cookie',                                             askWith('media', 'read'),         cookies.get],
    ['POST',   '/v1/cookie',                                             askWith('media', 'read'),         cookies.post],
    ['OPTIONS', '/v1/cookie',                                            open('a preflight brings no credential'), cookies.preflight],
    ['GET',    '/v1/media-keys',                                         ask('manage', '/'),               mediaKeys.list],
    ['POST',   '/v1/media-keys/rotate',                                  ask('manage', '/'),               mediaKeys.rotate],
    ['POST',   '/v1/media-keys/{key}/retire',                            ask('manage', '/'),               mediaKeys.retire],
    ['GET',    '/.well-known/jwks.json',                                 open('public keys'),              tokens.jwks],

    ['POST',   '/v1/apps/{app}/revocations',                             ask('manage', APP),               revocations.create],
    ['GET',    '/v1/apps/{app}/revocations',                             ask('manage', APP),               revocations.list],
    ['GET',    '/v1/apps/{app}/views',                                   ask('manage', APP),               views.list],

    ['POST',   '/v1/apps/{app}/webhooks',                                ask('manage', APP),               webhooks.create],
    ['GET',    '/v1/apps/{app}/webhooks',                                ask('manage', APP),               webhooks.list],
    ['GET',    '/v1/apps/{app}/webhooks/{webhook}',                      ask('manage', APP),               webhooks.get],
    ['PATCH',  '/v1/apps/{app}/webhooks/{webhook}',                      ask('manage', APP),               webhooks.change],
    ['DELETE', '/v1/apps/{app}/webhooks/{webhook}',                      ask('manage', APP),               webhooks.delete],
    ['POST',   '/v1/apps/{app}/webhooks/{webhook}/rotate-secret',        ask('manage', APP),               webhooks.rotateSecret],
    ['POST',   '/v1/apps/{app}/webhooks/{webhook}/replay',               ask('manage', APP),               webhooks.replayFailed],
    ['GET',    '/v1/apps/{app}/webhooks/{webhook}/deliveries',           ask('manage', APP),               webhooks.deliveries],
    ['POST',   '/v1/apps/{app}/webhooks/{webhook}/deliveries/{delivery}/replay', ask('manage', APP),       webhooks.replay],

    ['GET',    '/v1/verify',                                             open('judges the request that a proxy forwards'), forwardAuth.verify],
    ['GET',    '/livez',                                                 open('says only that it lives'),  health.live],
    ['GET',    '/readyz',                                                open('says only whether it can serve'), health.ready],
    ['GET',    '/metrics',                                               askUnlessLoopback('manage'),      health.metrics],
  ]
}
