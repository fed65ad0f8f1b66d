// What nginx asks in a sub-request: whether the MAC in the query is that of path and end. Nothing else is checked.
import { createHmac, timingSafeEqual } from 'node:crypto'
import { createServer } from 'node:http'

const [secret] = process.argv.slice(2)
const server = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.headers['x-original-uri'] ?? '/', 'http://localhost')
  const given = Buffer.from(searchParams.get('mac') ?? '', 'base64url')
  const end = searchParams.get('end') ?? ''
  const mac = createHmac('sha256', secret).update(`${pathname} ${end}`).digest()
  const good = given.length === mac.length && timingSafeEqual(given, mac) && Number(end) > Date.now() / 1000
  response.writeHead(good ? 204 : 403).end()
})
server.listen(0, '127.0.0.1', () => console.log(`ready on ${server.address().port}`))
