import { deepEqual, equal, match, throws } from 'node:assert/strict'
import { test } from 'node:test'
import { CallError } from './errors.ts'
import { bareName, EXTENSIONS, mediaFileOf, requireExtension } from './media-files.ts'

const shown = (extension: string | null, contentType = 'x/y', text = false) => {
  return { filename: '', contentType, detected: { extension, text } }
}

/** The title of the refusal, or the type that it was taken as. */
function told(name: string | null, file: ReturnType<typeof shown>): string {
  try {
    return mediaFileOf(name, file).mediaType
  } catch (error) {
    if (!(error instanceof CallError)) throw error
    equal(error.status, 415)
    return error.message
  }
}

const ROWS: readonly [why: string, name: string | null, file: ReturnType<typeof shown>, told: string][] = [
  ['what the bytes show', 'a.png', shown('png', 'image/png'), 'image/png'],
  ['whatever the name says', 'a.txt', shown('png', 'image/png'), 'image/png'],
  ['a picture that moves', 'a.png', shown('apng', 'image/apng'), 'image/apng'],
  ['text', 'a.TXT', shown(null, 'x/y', true), 'text/plain'],
  ['text in which a format is recognised', 'a.ics', shown('ics', 'text/calendar', true), 'text/calendar'],
  ['a document in a container', 'a.pages', shown('zip'), 'application/vnd.apple.pages'],
  ['a table that begins like a text', 'a.numbers', shown('pages', 'x/pages'), 'application/vnd.apple.numbers'],
  ['an old document', 'a.xls', shown('cfb'), 'application/vnd.ms-excel'],
  ['a container under the name of a picture', 'a.png', shown('zip', 'application/zip'), 'application/zip'],
  ['an old container under the name of a picture', 'a.png', shown('cfb'), 'File rejected. File type not allowed'],
  ['a program', 'a.exe', shown('exe'), 'File rejected. File extension not allowed'],
  ['a program by another name', 'a.pdf', shown('exe'), 'File rejected. File type not allowed'],
  ['noise', 'a.mp4', shown(null), 'File rejected. File type could not be retrieved'],
  ['text by another name', 'a.mp4', shown(null, 'x/y', true), 'File rejected. File type could not be retrieved'],
  ['no name and nothing shown', null, shown(null, 'x/y', true), 'File rejected. File type could not be retrieved'],
  ['no name and a program', null, shown('exe'), 'File rejected. File extension not allowed'],
  ['a name out of an object', 'a.constructor', shown('png'), 'File rejected. File extension not allowed'],
]

test('what a file is kept as', () => {
  for (const [why, name, file, expected] of ROWS) equal(told(name, file), expected, why)
})

test('a file without a name is named after its bytes', () => {
  const { filename, extension } = mediaFileOf(null, shown('jpg', 'image/jpeg'))
  match(filename, /^[A-Za-z0-9_-]{24}\.jpg$/)
  equal(extension, 'jpg')
})

test('the list of the vendor', () => {
  equal(new Set(EXTENSIONS).size, 59)
  for (const extension of EXTENSIONS) requireExtension(`a.${extension.toUpperCase()}`)
  for (const name of ['a', 'a.', '.', 'png', 'a.png.exe', 'a.html', 'a.toString'])
    throws(() => requireExtension(name), CallError)
})

test('names lose their folders and what cannot be seen', () => {
  const names = ['a.png', '/x/a.png', 'C:\\x\\a.png', ' a\u0000.png\n', 'x/', '', undefined].map(bareName)
  deepEqual(names, ['a.png', 'a.png', 'a.png', 'a.png', null, null, null])
})
