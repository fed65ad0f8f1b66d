import { equal } from 'node:assert/strict'
import { test } from 'node:test'
import { type Detected, type FileFault, fileFault } from './file-validation.ts'

const ALLOWED = 'csv docx jpeg mov pdf png svg txt yaml zip'.split(' ')
const shows = (extension: string): Detected => ({ extension, text: false })
const TEXT: Detected = { extension: null, text: true }
const NOTHING: Detected = { extension: null, text: false }

const ROWS: readonly [why: string, filename: string, detected: Detected, fault: FileFault | null][] = [
  ['a picture', 'a.png', shows('png'), null],
  ['a name in capitals', 'A.PNG', shows('png'), null],
  ['another name of the format', 'a.jpeg', shows('jpg'), null],
  ['one container, several names', 'a.mov', shows('mp4'), null],
  ['a listed format under the name of another', 'a.png', shows('pdf'), null],
  ['a program', 'a.exe', shows('exe'), 'extension_not_allowed'],
  ['no extension', 'png', shows('png'), 'extension_not_allowed'],
  ['a dot at the end', 'a.png.', shows('png'), 'extension_not_allowed'],
  ['two extensions', 'a.png.exe', shows('png'), 'extension_not_allowed'],
  ['a program under the name of a picture', 'a.png', shows('exe'), 'type_not_allowed'],
  ['text under the name of a picture', 'a.png', TEXT, 'type_unrecognised'],
  ['noise under the name of a picture', 'a.png', NOTHING, 'type_unrecognised'],
  ['text', 'a.txt', TEXT, null],
  ['noise under the name of text', 'a.txt', NOTHING, 'type_unrecognised'],
  ['a picture under the name of text', 'a.txt', shows('png'), null],
  ['a program under the name of text', 'a.txt', shows('exe'), 'type_not_allowed'],
  ['markup', 'a.svg', { extension: 'xml', text: true }, null],
  ['markup that is no text', 'a.svg', shows('xml'), 'type_unrecognised'],
  ['a document that looks like its container', 'a.docx', shows('zip'), null],
  ['a container by its own name', 'a.zip', shows('zip'), null],
  ['a container under the name of a picture', 'a.png', shows('cfb'), 'type_not_allowed'],
]

test('file validation: extension and bytes have to be allowed', () => {
  for (const [why, filename, detected, fault] of ROWS) equal(fileFault(filename, detected, ALLOWED), fault, why)
})
