import { createHash } from 'node:crypto'
import swagger, { type SwaggerTransform } from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import { REASONS } from '@gatehouse/core/reasons'
import type { FastifyInstance } from 'fastify'
import { open } from './ask.ts'
import { PROBLEMS } from './problems.ts'

/**
 * Adds the OpenAPI document of all routes registered afterwards: `/openapi.json`, readable at `/docs`. `publicUrl` is asked when the document
 * is, since the port may only be known then.
 */
export async function describe(
  app: FastifyInstance,
  options: { version: string; publicUrl: () => string },
): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Gatehouse',
        version: options.version,
        description:
          'Gatehouse keeps media behind one gate, gives each viewer a key of their own, and takes it back in an instant. ' +
          'Every error is a problem document (RFC 9457); [/docs/errors](/docs/errors) lists the codes.',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      components: {
        securitySchemes: {
          key: { type: 'http', scheme: 'basic', description: 'Id and secret of an API key.' },
          token: { type: 'http', scheme: 'bearer', description: 'The secret of an API key, or a grant token.' },
        },
      },
      security: [{ key: [] }, { token: [] }],
    },
    transform: showForm as SwaggerTransform,
    transformObject: (document) =>
      'openapiObject' in document
        ? { ...document.openapiObject, servers: [{ url: options.publicUrl() }] }
        : document.swaggerObject,
  })
  const documentation = { config: { asking: open('documentation') }, schema: { hide: true } }
  app.get('/openapi.json', documentation, () => app.swagger())
  app.get('/docs/errors', documentation, (_request, reply) =>
    reply
      .header('content-security-policy', pagePolicy(`style-src 'sha256-${digest(ERRORS_STYLE)}'`))
      .type('text/html; charset=utf-8')
      .send(errorsPage()),
  )
  await app.register(async (inner) => {
    inner.addHook('onRoute', (route) => {
      route.config = { ...route.config, asking: open('documentation') }
    })
    inner.addHook('onRequest', async (_request, reply) => {
      reply.header('content-security-policy', REFERENCE_POLICY)
    })
    // The library's page does not say how wide it is, and phones then take it for one that was made for desks.
    inner.addHook('onSend', async (_request, reply, payload) =>
      typeof payload === 'string' && String(reply.getHeader('content-type')).startsWith('text/html')
        ? payload.replace('<head>', `<head>${PHONE_WIDTH}`)
        : payload,
    )
    await inner.register(swaggerUi, {
      routePrefix: '/docs',
      uiConfig: { deepLinking: true },
      theme: { title: 'Gatehouse API', css: [{ filename: 'gatehouse.css', content: PAGE_STYLE }] },
      logLevel: 'warn',
    })
  })
}

const PHONE_WIDTH = '<meta name="viewport" content="width=device-width, initial-scale=1">'

/** There is one document: no bar to name another. Until the script has drawn the page in its colours, nothing flashes white in the dark. */
const PAGE_STYLE = `.swagger-ui .topbar { display: none }
html { color-scheme: light dark }
@media (prefers-color-scheme: dark) { html, body { background: #1c2022 } }`

const ERRORS_STYLE =
  'body{font:16px/1.5 system-ui;margin:2rem}th{text-align:left}th,td{padding:.4rem 1rem .4rem 0;vertical-align:top}:target{background:#ffd;color:#000}' +
  '@media(max-width:600px){tr,td{display:block}th{display:none}td{padding:0}tr{padding:.6rem 0}body{margin:1rem}}'

/**
 * The reference draws itself out of its own files, with styles in the markup that its library makes, and calls the API where somebody
 * tries a call.
 */
const REFERENCE_POLICY = pagePolicy(
  "script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'",
)

/** What a page may load and nothing else; it stands in no frame. */
function pagePolicy(loads: string): string {
  return `default-src 'none'; ${loads}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64')
}

/** Shows the form of an upload as the request body; Fastify itself must not validate it. */
const showForm: SwaggerTransform = ({ schema, url, route }) => {
  const form = route.config?.form
  if (form === undefined || form === null) return { schema, url }
  return { schema: { ...schema, consumes: ['multipart/form-data'], body: form }, url }
}

/** Every code with its status and what to do: the page that the `type` of a problem points at. */
function errorsPage(): string {
  const rows = Object.entries({ ...PROBLEMS, ...REASONS })
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(
      ([code, { status, title, sentence }]) =>
        `<tr id="${code}"><td><code>${code}</code></td><td>${status}</td><td>${inHtml(title)}</td><td>${inHtml(sentence)}</td></tr>`,
    )
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>Gatehouse: errors</title>
${PHONE_WIDTH}<meta name="color-scheme" content="light dark">
<style>${ERRORS_STYLE}</style>
<h1>Errors</h1><table><tr><th>code</th><th>status</th><th>title</th><th>what to do</th></tr>
${rows.join('\n')}
</table></html>
`
}

/** Text of the tables of errors, whose names in backticks are code. */
function inHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replace(/`([^`]+)`/g, '<code>$1</code>')
}
