// Open Badges 2.0, judged by this crate and by 1EdTech's validator core: first a little web of
// badges good and bad, then what a running demo publishes.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { after, before } from 'node:test'
import { binary, demo, folder, freePort, mutate } from './laurel.mjs'

const root = new URL('../../', import.meta.url).pathname
const script = new URL('./openbadges-validator.py', import.meta.url).pathname
const python = join(root, 'target/tests/openbadges-validator/bin/python')

/** What the validator core says of each case, by name. */
function judge(t, world, port) {
  const file = join(folder(t), 'cases.json')
  writeFileSync(file, JSON.stringify(world))
  const run = spawnSync(python, [script, file, ...(port ? [String(port)] : [])], { encoding: 'utf8', timeout: 300_000 })
  assert.equal(run.status, 0, run.stderr)
  return Object.fromEntries(JSON.parse(run.stdout).map((verdict) => [verdict.name, verdict]))
}

/** The exit code of laurel verify: 0 valid, 1 invalid, 3 undetermined. */
function ours(what, ...options) {
  const allowed = ['--allow', new URL(summary.publicUrl).host]
  const run = spawnSync(binary, ['verify', what, '--json', ...allowed, ...options], { encoding: 'utf8', timeout: 60_000 })
  return { code: run.status, said: run.stdout + run.stderr }
}

const good = ['hosted', 'md5', 'in-clear', 'in-spanish', 'picture-inside', 'embedded', 'extended', 'signed', 'not-in-list']
/** What the standard forbids and the validator core lets pass. */
const lenient = {
  'says-revoked': 'it looks at no `revoked` in a hosted assertion',
  'no-email': 'it does not check the e-mail addresses of issuers',
  'alone-in-list': 'it reads a list of one entry by its letters',
  'key-of-another': 'it does not ask whose the key is',
}

test('both judge a web of badges alike', async (t) => {
  const port = await freePort()
  const cargo = ['run', '--quiet', '-p', 'openbadges', '--example', 'open_badges_2', '--', `http://127.0.0.1:${port}`]
  const run = spawnSync('cargo', cargo, { cwd: root, encoding: 'utf8' })
  assert.equal(run.status, 0, run.stderr)
  const world = JSON.parse(run.stdout)
  const theirs = judge(t, world, port)
  assert.ok(world.cases.length > 30)
  for (const { name, valid, outcomes } of world.cases) {
    const what = `${name}: ${JSON.stringify(outcomes)} and ${JSON.stringify(theirs[name])}`
    assert.equal(valid, good.includes(name), what)
    assert.equal(theirs[name].valid, valid || name in lenient, what)
  }
})

const me = { address: 'ada@example.org' }
const profile = (email) => ({ id: '_:recipient', type: 'Profile', email })
let summary
before(async () => { summary = await demo() })
after(async () => { await summary.stop() })

/** A new award: its id, and the address of its 2.0 form. */
async function award() {
  const input = {
    badgeId: summary.badge,
    recipient: { email: me },
    narrative: 'She wrote *the first program*.',
    evidence: [{ name: 'Note G', url: 'https://example.org/notes', description: 'On the engine' }],
    notify: false,
  }
  const made = await mutate(summary, 'awardCreate', 'award { id publicUrl }', input)
  return { id: made.award.id, hosted: `${made.award.publicUrl}/ob2.json` }
}

test('an award of the demo is a valid badge of its recipient until it is revoked', async (t) => {
  const { id, hosted } = await award()
  const document = await (await fetch(hosted)).text()
  const tampered = { ...JSON.parse(document), issuedOn: '2001-01-01T00:00:00Z' }
  const before = judge(t, { cases: [
    { name: 'address', input: hosted },
    { name: 'document', input: document },
    { name: 'mine', input: hosted, recipient: profile(me.address) },
    { name: 'for-another', input: hosted, recipient: profile('eve@example.org') },
    // The published one counts: what a document says of itself is not even read.
    { name: 'tampered', input: JSON.stringify(tampered) },
    { name: 'forged', input: JSON.stringify({ ...tampered, id: `${hosted}x` }) },
  ] })
  const valid = (verdicts) => Object.values(verdicts).filter((verdict) => verdict.valid).map(({ name }) => name)
  assert.deepEqual(valid(before), ['address', 'document', 'mine', 'tampered'], JSON.stringify(before))

  for (const [options, code] of [[[], 0], [['--recipient', me.address], 0], [['--recipient', 'eve@example.org'], 1]]) {
    const verdict = ours(hosted, ...options)
    assert.equal(verdict.code, code, verdict.said)
  }

  await mutate(summary, 'awardRevoke', 'award { id }', { awardId: id, reason: 'awarded in error' })
  const gone = await fetch(hosted)
  assert.equal(gone.status, 410)
  assert.equal(gone.headers.get('content-type'), 'application/ld+json')
  assert.equal(gone.headers.get('access-control-allow-origin'), '*')
  const { revoked, revocationReason } = await gone.json()
  assert.deepEqual([revoked, revocationReason], [true, 'awarded in error'])
  const later = judge(t, { cases: [{ name: 'revoked', input: hosted }] })
  assert.equal(later.revoked.valid, false)
  const verdict = ours(hosted)
  assert.equal(verdict.code, 1, verdict.said)
})
