import { type Finding, isTest, type Rule, type Tree } from './tree.ts'

const FILE = 'docs/asvs.json'
const STATUSES: readonly unknown[] = ['shown', 'partly', 'missing', 'not-applicable']
const MEMBERS: readonly string[] = ['id', 'level', 'about', 'status', 'tests', 'documents', 'reason']

/** One requirement as the file holds it. `tests` are titles by the file that has them. */
type Requirement = {
  readonly id: string
  readonly level: 1 | 2
  readonly about: string
  readonly status: 'shown' | 'partly' | 'missing' | 'not-applicable'
  readonly tests?: Readonly<Record<string, readonly string[]>>
  readonly documents?: readonly string[]
  readonly reason?: string
}

/** What is said of each requirement of a standard for verification is whole, and what it names is there. */
export const asvs: Rule = {
  name: 'asvs',
  says: `${FILE} says something valid of every requirement, and the tests that it names exist`,
  find(tree) {
    const file = read(tree.get(FILE))
    if (typeof file === 'string') return [{ where: FILE, wrong: file, cure: 'see docs/README.md for what it holds' }]
    const { levels, requirements } = file
    return [...counts(levels, requirements), ...order(requirements), ...requirements.flatMap((one) => check(tree, one))]
  },
}

type File = { readonly levels: Readonly<Record<string, number>>; readonly requirements: readonly Requirement[] }

function read(text: string | undefined): File | string {
  if (text === undefined) return 'is missing'
  try {
    const { levels, requirements } = JSON.parse(text)
    return Array.isArray(requirements) && typeof levels === 'object' ? { levels, requirements } : 'has another form'
  } catch {
    return 'is no JSON'
  }
}

function counts(levels: File['levels'], requirements: readonly Requirement[]): Finding[] {
  return Object.entries(levels).flatMap(([level, wanted]) => {
    const found = requirements.filter((one) => String(one.level) === level).length
    const cure = `the standard has ${wanted} of them: none may be left out or invented`
    return found === wanted ? [] : [{ where: FILE, wrong: `${found} requirements of level ${level}`, cure }]
  })
}

function order(requirements: readonly Requirement[]): Finding[] {
  const place = ({ id }: Requirement) =>
    String(id)
      .split('.')
      .reduce((sum, part) => sum * 1000 + Number(part), 0)
  return requirements.flatMap((one, index) => {
    const before = requirements[index - 1]
    if (before === undefined || place(before) < place(one)) return []
    return [
      { where: FILE, wrong: `${one.id} comes after ${before.id}`, cure: 'each id stands once, in order of number' },
    ]
  })
}

function check(tree: Tree, one: Requirement): Finding[] {
  const findings: Finding[] = []
  const add = (wrong: string, cure: string) => findings.push({ where: FILE, wrong: `${one.id} ${wrong}`, cure })
  const unknown = Object.keys(one).find((name) => !MEMBERS.includes(name))
  if (unknown !== undefined) add(`has a ${unknown}`, `take from ${MEMBERS.join(', ')}`)
  if (!/^\d+\.\d+\.\d+$/.test(one.id)) add('is no id', 'write chapter, section and number, as in 1.2.3')
  if (one.level !== 1 && one.level !== 2) add(`has the level ${one.level}`, 'only levels 1 and 2 stand here')
  if (typeof one.about !== 'string' || one.about === '') add('says not what it is about', 'say it in a few own words')
  if (!STATUSES.includes(one.status)) add(`is "${one.status}"`, `take from ${STATUSES.join(', ')}`)

  const evidence = Object.values(one.tests ?? {}).flat().length + (one.documents ?? []).length
  const applies = one.status === 'shown' || one.status === 'partly'
  if (applies && evidence === 0)
    add(`is ${one.status} by nothing`, 'name the test, or the page where a page is asked for')
  if (!applies && evidence > 0) add(`is ${one.status} and names evidence`, 'then it is shown, or partly')
  if (one.status !== 'shown' && !one.reason) add('has no reason', 'say what is not there, or why it does not apply')

  for (const [file, titles] of Object.entries(one.tests ?? {})) {
    const text = tree.get(file)
    if (text === undefined || !holdsTests(file))
      add(`names ${file}, which holds no tests`, 'name the file that has the test')
    else {
      for (const title of titles) {
        const told = [`'${title}'`, `"${title}"`, `\`${title}\``].some((quoted) => text.includes(quoted))
        if (!told) add(`names "${title}", which is not in ${file}`, 'open the test, and name it as it is called now')
      }
    }
  }
  for (const path of one.documents ?? []) if (!tree.has(path)) add(`names ${path}, which is not there`, 'name the page')
  return findings
}

function holdsTests(path: string): boolean {
  return isTest(path) || path.includes('/conformance/')
}
