// Our JSON-LD and RDFC-1.0 beside those of jsonld.js, on badges varied at random from a fixed seed:
// the canonical text must be the same byte for byte, and both must refuse the same documents.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import test from 'node:test'
import jsonld from 'jsonld'

const root = new URL('../../', import.meta.url).pathname
const contexts = new URL('../../crates/jsonld/contexts/', import.meta.url)
const library = new Map(
  readFileSync(new URL('README.md', contexts), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('| https://'))
    .map((line) => line.split('|').map((cell) => cell.trim()))
    .map(([, url, file]) => [url, JSON.parse(readFileSync(new URL(file, contexts), 'utf8'))]),
)

let state = 20250131
const random = () => (state = (state * 1103515245 + 12345) & 0x7fffffff) / 0x80000000
const pick = (choices) => choices[Math.floor(random() * choices.length)]
const text = () => pick(['plain', 'a "q" \\ \n\t\r\b\f\u0001\u007f', 'ünï 溶接 🔥', '', '\u2028', 'a b'])

const proof = () => ({
  type: 'DataIntegrityProof', cryptosuite: 'eddsa-rdfc-2022', created: '2025-01-01T00:00:00Z',
  verificationMethod: 'did:web:e.example#k', proofPurpose: 'assertionMethod', proofValue: 'zabc',
})
const badge = () => ({
  '@context': [
    'https://www.w3.org/ns/credentials/v2',
    'https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json',
    'https://purl.imsglobal.org/spec/ob/v3p0/extensions.json',
  ],
  id: 'urn:uuid:58172aac-d8ba-11ed-83dd-0b3aef56cc33',
  type: ['VerifiableCredential', 'OpenBadgeCredential'],
  issuer: { id: 'did:web:i.example', type: ['Profile'], name: text() },
  validFrom: '2025-01-01T00:00:00Z',
  credentialSubject: {
    type: ['AchievementSubject'],
    identifier: [{ type: 'IdentityObject', hashed: true, identityHash: 'sha256$00', identityType: 'emailAddress', salt: text() }],
    achievement: {
      id: 'https://i.example/b', type: ['Achievement'], name: text(), description: text(),
      criteria: { narrative: text() }, image: { id: 'https://i.example/b.png', type: 'Image' },
    },
  },
})
const endorsement = (number) => ({
  '@context': badge()['@context'], id: `urn:e:${number}`, type: ['VerifiableCredential', 'EndorsementCredential'],
  name: 'e', issuer: { id: 'did:web:e.example', type: ['Profile'] }, validFrom: '2025-01-01T00:00:00Z',
  credentialSubject: { id: 'https://i.example/b', type: ['EndorsementSubject'], endorsementComment: text() },
  proof: random() < 0.5 ? [proof()] : [proof(), proof()],
})

const variations = [
  (b) => { b.proof = [proof(), proof()] },
  (b) => { b.credentialSubject.creditsEarned = pick([3.5, 4, 0, 1e21, 0.1, -3, 123456789.125]) },
  (b) => { b.name = pick([text(), { '@value': text(), '@language': pick(['en', 'de-CH', 'EN']) }]) },
  (b) => { b.credentialSubject.id = pick(['did:example:1', 'relative', '_:b0', 'urn:a']) },
  (b) => { b.credentialSubject.identifier.push(pick([b.credentialSubject.identifier[0], { ...b.credentialSubject.identifier[0], hashed: false }])) },
  (b) => { b.credentialSubject.result = [{ type: ['Result'], resultDescription: 'urn:r:1', status: pick(['Completed', 'Bogus']) }, { type: ['Result'], value: '1' }] },
  (b) => { b.credentialSubject.achievement.resultDescription = [{ id: 'urn:r:1', type: ['ResultDescription'], name: 'g', resultType: pick(['LetterGrade', 'ext:Mine', 'Nope']), allowedValue: ['A', 'B', 'A'] }] },
  (b) => { b.credentialSubject.achievement.endorsement = [endorsement(1), endorsement(pick([1, 2]))] },
  (b) => { b.endorsement = [endorsement(3)] },
  (b) => { b.credentialSubject.source = { id: 'urn:p', type: ['Profile'], address: { type: ['Address'], addressCountry: 'CH', geo: { type: 'GeoCoordinates', latitude: 47.1, longitude: 8 } } } },
  (b) => { b.credentialSubject.achievement.tag = ['a', 'a', text()] },
  (b) => { b.credentialSubject.achievement.criteria = {} },
  (b) => { b.evidence = [{ type: ['Evidence'] }, { type: ['Evidence'] }, { type: ['Evidence'], narrative: text() }] },
  (b) => { b.issuer.parentOrg = { id: 'urn:org', type: ['Profile'], name: null } },
  (b) => { b.refreshService = { id: 'https://r.example/', type: '1EdTechCredentialRefresh' } },
  (b) => { b['@context'].splice(2, 1) },
  (b) => { b['@context'][1] = `https://purl.imsglobal.org/spec/ob/v3p0/context${pick(['', '-3.0.1', '-3.0.2'])}.json` },
  (b) => { b['@context'].push('https://www.w3.org/ns/credentials/undefined-terms/v2'); b.whatever = { deep: [1, text()] } },
  (b) => {
    b['@context'].push({ ex: 'https://ex.example/', extra: { '@id': 'ex:e', '@container': '@language' }, when: { '@id': 'ex:w', '@type': 'ex:t' }, list: { '@id': 'ex:l', '@container': '@list' }, json: { '@id': 'ex:j', '@type': '@json' } })
    Object.assign(b, { extra: { de: 'd', en: ['e', 'f'] }, when: pick([1, 1.5, true, 's']), list: pick([[], ['a', 2, { id: 'urn:z' }]]), json: { z: [1, null, 100.0, 'é'], a: {} } })
  },
  (b) => { b['@context'].push('https://www.w3.org/ns/credentials/examples/v2'); b.whatever = { deep: [1, text()], type: 'MadeUp' } },
  (b) => { b['@context'].push(pick(['https://w3id.org/security/suites/jws-2020/v1', 'https://www.w3.org/ns/cid/v1', 'https://w3id.org/security/jwk/v1', 'https://w3id.org/security/v2', 'https://w3id.org/openbadges/v2'])) },
  (b) => { b['@context'].push(`https://purl.imsglobal.org/spec/clr/v2p0/context${pick(['', '-2.0.1'])}.json`); b.type.push('ClrCredential'); b.partial = true },
  (b) => { b['@context'][0] = 'https://www.w3.org/2018/credentials/v1'; b.issuanceDate = '2025-01-01T00:00:00Z'; delete b.validFrom },
  (b) => { b.name = { '@value': text(), '@language': pick(['ar', 'AR-eg']), '@direction': pick(['rtl', 'ltr', 'up']) } },
  (b) => { b.description = { '@value': text(), '@direction': 'ltr' } },
  (b) => { b['@context'].push({ '@context': { wrapped: 'https://ex.example/wrapped' } }); b.wrapped = text() },
  (b) => { b.credentialSubject.achievement.creator = { id: '_:c', type: ['Profile'], name: text(), otherIdentifier: [{ type: 'IdentifierEntry', identifier: text(), identifierType: 'identifier' }, { type: 'IdentifierEntry', identifier: text(), identifierType: 'identifier' }] } },
  (b) => { b.undefinedTerm = 1 },
  (b) => { b.type.push('UnknownType') },
  (b) => { b.image = { id: 'relative.png', type: 'Image' } },
  (b) => { b['@context'].push({ VerifiableCredential: 'https://x.example/' }) },
]

async function theirs(document) {
  const documentLoader = async (url) => {
    if (!library.has(url)) throw new Error(`not in the library: ${url}`)
    return { contextUrl: null, documentUrl: url, document: library.get(url) }
  }
  try {
    return { nquads: await jsonld.canonize(document, { algorithm: 'RDFC-1.0', format: 'application/n-quads', documentLoader, safe: true, base: null, rdfDirection: 'i18n-datatype' }) }
  } catch (error) {
    return { error }
  }
}

test('canonical texts and refusals equal those of jsonld.js', async () => {
  const documents = Array.from({ length: 600 }, () => {
    const document = badge()
    for (let left = 1 + Math.floor(random() * 3); left > 0; left--) pick(variations)(document)
    return document
  })
  const run = spawnSync('cargo', ['run', '--quiet', '-p', 'jsonld', '--example', 'canonicalize'], {
    cwd: root, encoding: 'utf8', maxBuffer: 1 << 28,
    input: documents.map((document) => `${JSON.stringify(document)}\n`).join(''),
  })
  assert.equal(run.status, 0, run.stderr)
  const ours = run.stdout.trim().split('\n').map((line) => JSON.parse(line))
  let accepted = 0
  for (const [at, document] of documents.entries()) {
    const expected = await theirs(document)
    const shown = () => `${JSON.stringify(document)}\nours: ${JSON.stringify(ours[at])}\ntheirs: ${expected.error}`
    if (expected.error) assert.ok(ours[at].error, shown())
    else assert.equal(ours[at].nquads, expected.nquads, shown())
    accepted += expected.error ? 0 : 1
  }
  assert.ok(accepted > 300 && accepted < 580, `${accepted} of 600 were accepted`)
})
