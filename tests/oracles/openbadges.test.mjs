// Sample badges of the openbadges crate, judged by independent implementations: Digital Bazaar's
// verifier, and the JSON Schema of 1EdTech where it is beside the checkout.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { after, before } from 'node:test'
import Ajv from 'ajv/dist/2019.js'
import formats from 'ajv-formats'

const root = new URL('../../', import.meta.url).pathname
const script = new URL('./verify-credential.mjs', import.meta.url).pathname
const folder = mkdtempSync(join(tmpdir(), 'laurel-badges-'))
const file = (name) => join(folder, name)
const read = (path) => JSON.parse(readFileSync(path, 'utf8'))

function verify(credential, status = 'status-list.json') {
  writeFileSync(file('judged.json'), JSON.stringify(credential))
  const files = [file('judged.json'), file('did.json'), file(status)]
  const run = spawnSync(process.execPath, [script, ...files], { encoding: 'utf8' })
  return { code: run.status, ...JSON.parse(run.stdout) }
}

before(() => {
  const cargo = ['run', '--quiet', '-p', 'openbadges', '--example', 'issue', '--', folder]
  const run = spawnSync('cargo', cargo, { cwd: root, encoding: 'utf8' })
  assert.equal(run.status, 0, run.stderr)
})
after(() => rmSync(folder, { recursive: true, force: true }))

for (const name of ['credential.json', 'credential-plain.json']) {
  test(`${name} verifies, with its status`, () => {
    const answer = verify(read(file(name)))
    assert.deepEqual(answer, { code: 0, verified: true, statusChecked: true, errors: [] })
  })
}

test('a revoked badge does not verify', () => {
  const answer = verify(read(file('credential.json')), 'status-list-revoked.json')
  assert.equal(answer.code, 1)
  assert.deepEqual(answer.errors, ['revocation is set'])
})

test('a badge that was changed does not verify', () => {
  const credential = read(file('credential.json'))
  const changes = {
    name: (c) => { c.name += '!' },
    recipient: (c) => { c.credentialSubject.identifier[0].salt += '!' },
    evidence: (c) => { c.evidence.pop() },
    validity: (c) => { delete c.validUntil },
    issuer: (c) => { c.issuer.name = 'Mallory' },
    time: (c) => { c.proof[0].created = '2025-02-01T00:00:00Z' },
  }
  for (const [what, change] of Object.entries(changes)) {
    const changed = structuredClone(credential)
    change(changed)
    const answer = verify(changed)
    assert.equal(answer.code, 1, `${what}: ${JSON.stringify(answer)}`)
  }
})

const schema = join(root, '../shared/schemas/ob_v3p0_achievementcredential_schema.json')
test('badges follow the published JSON Schema', { skip: !existsSync(schema) && 'the schema is not beside the checkout' }, () => {
  const ajv = new Ajv({ strict: false, allErrors: true })
  formats(ajv)
  const follows = ajv.compile(read(schema))
  for (const name of ['credential.json', 'credential-plain.json']) {
    assert.ok(follows(read(file(name))), `${name}: ${ajv.errorsText(follows.errors)}`)
  }
  const single = { ...read(file('credential.json')) }
  single.proof = single.proof[0]
  assert.ok(!follows(single), 'a proof that is no array must not pass, or the schema is not applied')
})
