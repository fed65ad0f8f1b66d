// The yardstick: what node:http alone takes for a body of this many bytes out of memory.
import { createServer } from 'node:http'

const body = Buffer.alloc(Number(process.argv[2]), 'x')
const headers = ['Content-Type', 'image/png', 'Content-Length', String(body.length)]
const server = createServer((_request, response) => {
  response.writeHead(200, headers).end(body)
})
server.listen(0, '127.0.0.1', () => console.log(`ready on ${server.address().port}`))
