// Our tables of the Open Badges 3.0 data model beside the JSON Schema that 1EdTech publishes, judged
// by Ajv, on a badge with every property that is changed at random from a fixed seed: the same
// verdict on each.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import Ajv from 'ajv/dist/2019.js'
import formats from 'ajv-formats'

const root = new URL('../../', import.meta.url).pathname
const schema = join(root, '../shared/schemas/ob_v3p0_achievementcredential_schema.json')
const complete = JSON.parse(readFileSync(join(root, 'crates/openbadges/tests/sample/complete.json'), 'utf8'))

let state = 20251125
const random = () => (state = (state * 1103515245 + 12345) & 0x7fffffff) / 0x80000000
const pick = (choices) => choices[Math.floor(random() * choices.length)]

// Every place in a document as [parent, key].
function places(value, found = []) {
  if (value && typeof value === 'object') {
    for (const key of Array.isArray(value) ? value.keys() : Object.keys(value)) {
      found.push([value, key])
      places(value[key], found)
    }
  }
  return found
}

const terms = [
  'Badge', 'ext:Medal', 'xext:a', 'ext:', 'ext:-a', 'ext:|', 'CFItem', 'emailAddress', 'Status',
  'Completed', 'Image', 'Profile', 'AchievementCredential', 'EndorsementCredential', 'de', 'de-CH',
  'zh-Hans-CN', 'DE', 'a.b.c', 'a..c', 'a.b', 'a.b.c.d', '2025-01-31T12:00:00Z', '2025-01-31',
  '2025-01-31T12:00:00', '2025-02-29T12:00:00Z', '2024-02-29T23:59:59.999+14:00',
  '2025-01-31T24:00:00Z', '2025-13-01T00:00:00-01:00', '2024-02-29', '2023-02-29', '', 'x',
  'https://www.w3.org/ns/credentials/v2', 'https://www.w3.org/2018/credentials/v1',
  'https://purl.imsglobal.org/spec/ob/v3p0/context.json',
  'https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.10.json',
]
const values = () => pick([
  null, true, false, 0, 1.5, {}, [], ['x'], [null], [{}], { type: 'Image', id: 'x' },
  { type: ['Profile'], id: 'x' }, { id: 'x', type: 'x' }, { type: ['Alignment'] },
])
const changes = [
  (parent, key) => { Array.isArray(parent) ? parent.splice(key, 1) : delete parent[key] },
  (parent, key) => { parent[key] = pick(terms) },
  (parent, key) => { parent[key] = values() },
  (parent, key) => { parent[key] = [parent[key]] },
  (parent, key) => { if (Array.isArray(parent[key])) parent[key] = parent[key][0] ?? null },
  (parent, key) => { if (Array.isArray(parent)) parent.push(structuredClone(parent[key])) },
  (parent, key) => { if (Array.isArray(parent)) parent.reverse(); else parent[`${key}s`] = parent[key] },
  (parent) => { if (!Array.isArray(parent)) parent[pick(['more', '@context', 'type', 'a/b', 'id'])] = values() },
]

function changed() {
  const document = structuredClone(complete)
  for (let times = pick([1, 1, 1, 2, 3]); times > 0; times -= 1) {
    const [parent, key] = pick(places(document))
    pick(changes)(parent, key)
  }
  return document
}

test('the tables and the published JSON Schema agree', { skip: !existsSync(schema) && 'the schema is not beside the checkout' }, () => {
  const ajv = new Ajv({ strict: false })
  formats(ajv)
  const follows = ajv.compile(JSON.parse(readFileSync(schema, 'utf8')))
  const documents = [complete, ...Array.from({ length: 8000 }, changed)]
  const run = spawnSync('cargo', ['run', '--quiet', '-p', 'openbadges', '--example', 'faults'], {
    cwd: root, encoding: 'utf8', maxBuffer: 1 << 28,
    input: documents.map((document) => JSON.stringify(document) + '\n').join(''),
  })
  assert.equal(run.status, 0, run.stderr)
  const answers = run.stdout.trimEnd().split('\n').map((line) => JSON.parse(line))
  assert.equal(answers.length, documents.length)
  let accepted = 0
  documents.forEach((document, at) => {
    const theirs = follows(document)
    const { schema: ours, issuing } = answers[at]
    accepted += theirs
    assert.equal(ours.length === 0, theirs,
      `${JSON.stringify(ours)} against ${ajv.errorsText(follows.errors)} on ${JSON.stringify(document)}`)
    if (!theirs) assert.ok(issuing.length > 0, 'what the schema refuses is not issued')
  })
  assert.ok(accepted > 1000 && accepted < documents.length - 1000, `${accepted} were accepted`)
})
