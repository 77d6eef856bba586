// The sandbox of the VC-API over TLS, and Digital Bazaar's implementation on the other side: theirs
// verifies ours, ours verifies theirs, and both refuse the same that was changed.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { request } from 'node:https'
import { join } from 'node:path'
import test, { after, before } from 'node:test'
import { contexts as credentialContexts } from '@digitalbazaar/credentials-context'
import { DataIntegrityProof } from '@digitalbazaar/data-integrity'
import dataIntegrityContext from '@digitalbazaar/data-integrity-context'
import * as EcdsaMultikey from '@digitalbazaar/ecdsa-multikey'
import { cryptosuite as ecdsaRdfc } from '@digitalbazaar/ecdsa-rdfc-2019-cryptosuite'
import * as Ed25519Multikey from '@digitalbazaar/ed25519-multikey'
import * as eddsaJcs from '@digitalbazaar/eddsa-jcs-2022-cryptosuite'
import { cryptosuite as eddsaRdfc } from '@digitalbazaar/eddsa-rdfc-2022-cryptosuite'
import multikeyContext from '@digitalbazaar/multikey-context'
import * as vc from '@digitalbazaar/vc'
import { checkStatus } from '@digitalbazaar/vc-bitstring-status-list'
import { demo } from './laurel.mjs'

let summary, ca
before(async () => {
  summary = await demo('--tls', '--tls-listen', '127.0.0.1:0', '--vc-api')
  ca = readFileSync(join(summary.data, 'demo/tls/certificate.pem'))
})
after(() => summary?.stop())

/** The answer to a request, over TLS, whose certificate is checked. */
async function ask(method, url, document) {
  const sent = request(url, { method, ca, headers: { 'content-type': 'application/json' } })
  sent.end(document && JSON.stringify(document))
  const [response] = await once(sent, 'response')
  let body = ''
  for await (const chunk of response) body += chunk
  return { status: response.statusCode, body: JSON.parse(body) }
}
const post = (path, document) => ask('POST', `${summary.vcApi.url}${path}`, document)
const issuer = (suite) => summary.vcApi.issuers.find(({ cryptosuites }) => cryptosuites.includes(suite)).did

const contexts = new Map([...credentialContexts, ...dataIntegrityContext.contexts, ...multikeyContext.contexts])
async function documentLoader(url) {
  const loaded = (document) => ({ contextUrl: null, documentUrl: url, document })
  if (contexts.has(url)) return loaded(contexts.get(url))
  if (url.startsWith(`${summary.tlsUrl}/status/`)) return loaded((await ask('GET', url)).body)
  assert.match(url, /^did:key:/, `not in the library: ${url}`)
  const [did, fragment] = url.split('#')
  const publicKeyMultibase = did.slice('did:key:'.length)
  const id = `${did}#${publicKeyMultibase}`
  const method = { '@context': 'https://w3id.org/security/multikey/v1', id, type: 'Multikey', controller: did, publicKeyMultibase }
  if (fragment) return loaded(method)
  const relations = { verificationMethod: [method], assertionMethod: [id], authentication: [id] }
  return loaded({ '@context': 'https://www.w3.org/ns/did/v1', id: did, ...relations })
}

const suites = {
  'eddsa-rdfc-2022': { verify: () => eddsaRdfc, sign: () => eddsaRdfc, keys: Ed25519Multikey },
  'eddsa-jcs-2022': { verify: () => eddsaJcs.cryptosuite ?? eddsaJcs.createVerifyCryptosuite(), sign: () => eddsaJcs.cryptosuite ?? eddsaJcs.createSignCryptosuite(), keys: Ed25519Multikey },
  'ecdsa-rdfc-2019': { verify: () => ecdsaRdfc, sign: () => ecdsaRdfc, keys: EcdsaMultikey },
}
const credential = (did, more = {}) => ({
  '@context': ['https://www.w3.org/ns/credentials/v2'],
  type: ['VerifiableCredential'],
  issuer: did,
  name: { '@value': 'شهادة', '@language': 'ar', '@direction': 'rtl' },
  validFrom: '2025-01-01T00:00:00Z',
  credentialSubject: { id: 'did:example:ada', name: 'Ada' },
  ...more,
})
const changes = {
  subject: (c) => { c.credentialSubject.id = 'did:example:eve' },
  issuer: (c) => { c.issuer = 'did:key:z6MkjPp1bLDYX7GjrWqC3ArS4xkz1QDL9jmKiUNYBVsAbbEj' },
  direction: (c) => { c.name['@direction'] = 'ltr' },
  dropped: (c) => { delete c.validFrom },
  added: (c) => { c.credentialSubject.description = 'more' },
  undefined: (c) => { c.credentialSubject.nobodyDefinesThis = 'more' },
  type: (c) => { c.evidence = {} },
  'time of the proof': (c) => { [c.proof].flat()[0].created = '2024-01-01T00:00:00Z' },
}
const changed = (document, change) => {
  const copy = structuredClone(document)
  change(copy)
  return copy
}
async function theyVerify(document, cryptosuite) {
  // The status list is signed over statements, whatever the credential is signed over.
  const suite = [cryptosuite, eddsaRdfc, ecdsaRdfc].map((one) => new DataIntegrityProof({ cryptosuite: one }))
  const { verified, statusResult } = await vc.verifyCredential({ credential: document, suite, documentLoader, checkStatus })
  // The library tells which bits are set and leaves it to its caller to mind them.
  return verified && !statusResult.results.some(({ status }) => status)
}
const weVerify = async (verifiableCredential) => {
  const { status, body } = await post('/credentials/verify', { verifiableCredential, options: { checks: ['proof'] } })
  assert.equal(status, body.verified ? 200 : 400)
  return body.verified
}

for (const [name, { verify, sign, keys }] of Object.entries(suites)) {
  test(`${name}: theirs verifies ours, and both refuse what was changed`, async () => {
    const options = { cryptosuite: name }
    const { status, body } = await post('/credentials/issue', { credential: credential(issuer(name)), options })
    assert.equal(status, 201, JSON.stringify(body))
    const ours = body.verifiableCredential
    assert.equal(ours.proof[0].cryptosuite, name)
    assert.equal(await theyVerify(ours, verify()), true)
    assert.equal(await weVerify(ours), true)
    for (const [what, change] of Object.entries(changes)) {
      assert.equal(await theyVerify(changed(ours, change), verify()), false, what)
      assert.equal(await weVerify(changed(ours, change)), false, what)
    }
  })

  test(`${name}: ours verifies theirs, and refuses what was changed`, async () => {
    const pair = await keys.generate(keys === EcdsaMultikey ? { curve: 'P-256' } : {})
    const did = `did:key:${pair.publicKeyMultibase}`
    Object.assign(pair, { id: `${did}#${pair.publicKeyMultibase}`, controller: did })
    const suite = new DataIntegrityProof({ signer: pair.signer(), cryptosuite: sign() })
    const theirs = await vc.issue({ credential: credential(did), suite, documentLoader })
    assert.equal(await weVerify(theirs), true)
    for (const [what, change] of Object.entries(changes)) {
      assert.equal(await weVerify(changed(theirs, change)), false, what)
    }
    const presented = await vc.signPresentation({
      presentation: vc.createPresentation({ verifiableCredential: [theirs], holder: did }),
      suite, documentLoader, challenge: 'c', domain: 'd',
    })
    const present = async (verifiablePresentation, challenge) =>
      (await post('/presentations/verify', { verifiablePresentation, options: { challenge, domain: 'd' } })).status
    assert.equal(await present(presented, 'c'), 200)
    assert.equal(await present(presented, 'other'), 400)
    const forged = changed(presented, (p) => { p.verifiableCredential[0].credentialSubject.id = 'did:example:eve' })
    assert.equal(await present(forged, 'c'), 400)
  })
}

test('a revocation is seen by both sides', async () => {
  const id = 'urn:uuid:0d8b0c22-0b27-4b1c-9a0e-6cf9f3d1c0ff'
  const issued = await post('/credentials/issue', { credential: credential(issuer('eddsa-rdfc-2022'), { id }) })
  const ours = issued.body.verifiableCredential
  const options = { checks: ['proof', 'credentialStatus'] }
  const look = async () => (await post('/credentials/verify', { verifiableCredential: ours, options })).status
  assert.deepEqual([await theyVerify(ours, eddsaRdfc), await look()], [true, 200])
  const credentialStatus = [{ type: 'BitstringStatusListEntry', status: '1' }]
  assert.equal((await post('/credentials/status', { credentialId: id, credentialStatus })).status, 200)
  assert.deepEqual([await theyVerify(ours, eddsaRdfc), await look()], [false, 400])
})

test('what does not conform is not issued, and the problem says of which type it is', async () => {
  const did = issuer('eddsa-rdfc-2022')
  for (const [more, type] of [
    [{ type: [] }, 'MALFORMED_VALUE_ERROR'],
    [{ validFrom: 'yesterday' }, 'MALFORMED_VALUE_ERROR'],
    [{ refreshService: { id: 'https://r.example/' } }, 'MALFORMED_VALUE_ERROR'],
    [{ undefinedTerm: 1 }, 'DATA_LOSS_DETECTION_ERROR'],
  ]) {
    const { status, body } = await post('/credentials/issue', { credential: credential(did, more) })
    assert.equal(status, 400)
    assert.match(body.type, new RegExp(`#${type}$`))
  }
  const { status } = await post('/credentials/issue', { credential: credential('did:web:elsewhere.example') })
  assert.equal(status, 404)
})
