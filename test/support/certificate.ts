import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { temporaryFolder } from './gatehouse.ts'

/** A certificate that nobody trusts but whom it is given to: the files of it and of its key, and its text. */
export type Certificate = { readonly file: string; readonly keyFile: string; readonly text: string }

/** Makes a certificate for a name, as `subjectAltName` writes it (`DNS:localhost`). */
export function makeCertificate(name: string): Certificate {
  const folder = temporaryFolder()
  const [keyFile, file] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')]
  const words = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  const names = ['-subj', '/CN=test', '-addext', `subjectAltName=${name}`, '-keyout', keyFile, '-out', file]
  execFileSync('openssl', [...words, ...names], { stdio: 'ignore' })
  return { file, keyFile, text: readFileSync(file, 'utf8') }
}
