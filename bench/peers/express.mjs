// The way files are usually protected in Node: Express, a signed token in the query, and the file from disk.
import express from 'express'
import jwt from 'jsonwebtoken'
import send from 'send'

const [folder, secret] = process.argv.slice(2)
const app = express()
app.get('/files/:name', (request, response) => {
  try {
    const claims = jwt.verify(request.query.token, secret, { algorithms: ['HS256'] })
    if (claims.sub !== request.params.name) return response.sendStatus(403)
  } catch {
    return response.sendStatus(401)
  }
  send(request, request.params.name, { root: folder }).pipe(response)
})
const server = app.listen(0, '127.0.0.1', () => console.log(`ready on ${server.address().port}`))
