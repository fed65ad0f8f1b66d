// Prints a token for the Express peer.
import jwt from 'jsonwebtoken'

const [name, secret] = process.argv.slice(2)
console.log(jwt.sign({ sub: name }, secret, { expiresIn: '1d' }))
