// Pictures with badges in them, baked by us and read by others, and the other way round.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { after, before } from 'node:test'
import { crc32, deflateSync } from 'node:zlib'
import { demo } from './laurel.mjs'

const root = new URL('../../', import.meta.url).pathname
const python = new URL('../../target/tests/bakers/bin/python', import.meta.url).pathname
const script = new URL('./bakers.py', import.meta.url).pathname
const folder = mkdtempSync(join(tmpdir(), 'laurel-baking-'))
after(() => rmSync(folder, { recursive: true, force: true }))

function answers(command, options, questions) {
  const input = questions.map((question) => `${JSON.stringify(question)}\n`).join('')
  const run = spawnSync(command, options, { cwd: root, encoding: 'utf8', input, maxBuffer: 1 << 28 })
  assert.equal(run.status, 0, run.stderr ?? String(run.error))
  return run.stdout.trim().split('\n').map((line) => JSON.parse(line))
}
const we = (questions) => answers('cargo', ['run', '--quiet', '-p', 'openbadges', '--example', 'bake'], questions)
const they = (questions) => answers(python, [script], questions)

const base64 = (bytes) => Buffer.from(bytes).toString('base64')
function chunk(kind, data) {
  const body = Buffer.concat([Buffer.from(kind), data])
  const frame = Buffer.alloc(8)
  frame.writeUInt32BE(data.length)
  frame.writeUInt32BE(crc32(body), 4)
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)])
}
const png = Buffer.concat([
  Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
  chunk('IHDR', Buffer.from([0, 0, 0, 2, 0, 0, 0, 1, 8, 0, 0, 0, 0])),
  chunk('tEXt', Buffer.from('Comment\0openbadges')),
  chunk('IDAT', deflateSync(Buffer.from([0, 127, 255]))),
  chunk('IEND', Buffer.alloc(0)),
])
const svg = `<?xml version="1.0" encoding="UTF-8"?>
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><title>A &amp; B</title><circle r="4"/></svg>`
const pictures = { PNG: base64(png), SVG: base64(svg) }

const hosted = JSON.stringify({ id: 'https://badges.example/a?b=1&c=2', type: 'Assertion', narrative: 'ünï 溶接 🔥 <b>&amp;</b> ]]> "q"\n' })
const jws = 'eyJhbGciOiJSUzI1NiJ9.eyJpZCI6InVybjp4In0.c2lnbmF0dXJl-_8'
const credential = JSON.stringify({ type: ['VerifiableCredential'], name: 'a ]]> b & c <d> \u2028' })
const bakers = [
  { by: 'openbadges-bakery', keyword: 'openbadges', texts: [hosted, jws] },
  { by: 'openbadgeslib', keyword: 'openbadges', texts: [hosted, jws] },
  { by: 'openbadgeslib', keyword: 'openbadgecredential', texts: [credential, jws] },
]
const cases = bakers.flatMap(({ by, keyword, texts }) =>
  Object.keys(pictures).flatMap((kind) => texts.map((text) => ({ by, keyword, text, kind, picture: pictures[kind] }))))
const named = ({ by, keyword, kind, text }) => `${by}, ${keyword}, ${kind}, ${text.startsWith('{') ? 'JSON' : 'JWS'}`
const value = (text) => (text?.startsWith('{') ? JSON.parse(text) : text)

before(() => {
  assert.ok(existsSync(python), 'the Python packages are not there: ./tests/run oracles installs them')
  const cargo = ['run', '--quiet', '-p', 'openbadges', '--example', 'issue', '--', folder]
  const run = spawnSync('cargo', cargo, { cwd: root, encoding: 'utf8' })
  assert.equal(run.status, 0, run.stderr)
})

test('they read what we baked', () => {
  const baked = we(cases.map(({ picture, keyword, text }) => ({ picture, bake: { [keyword]: text } })))
  const read = they(cases.map(({ by, keyword }, at) => ({ by, keyword, picture: baked[at] })))
  for (const [at, one] of cases.entries()) {
    // Of an assertion in an SVG, both like to tell where it is hosted.
    const address = one.keyword === 'openbadges' && one.kind === 'SVG' && one.text === hosted
    const expected = address ? JSON.parse(hosted).id : value(one.text)
    assert.deepEqual(value(read[at]), expected, named(one))
  }
})

// openbadges-bakery cannot write what ends a CDATA section.
const theirs = cases.map((one) => ({ ...one, text: one.text.replace(' ]]>', '') }))

test('we read what they baked', () => {
  const baked = they(theirs)
  const read = we(baked.map((picture) => ({ picture })))
  for (const [at, one] of theirs.entries()) {
    const found = read[at][one.keyword]
    assert.ok(found, `${named(one)}: ${JSON.stringify(read[at])}`)
    assert.deepEqual(value(found.json ?? found.jws), value(one.text), named(one))
  }
})

test('we replace what they baked, and they what we baked', () => {
  const mine = theirs.filter(({ by }) => by === 'openbadges-bakery')
  const bake = { openbadgecredential: credential }
  for (const found of we(we(they(mine).map((picture) => ({ picture, bake }))).map((picture) => ({ picture })))) {
    assert.deepEqual(Object.keys(found), ['openbadgecredential'])
  }
  const pngs = mine.filter(({ kind }) => kind === 'PNG')
  const ours = we(pngs.map(({ picture }) => ({ picture, bake: { openbadges: '{"id":"urn:old"}' } })))
  const again = we(they(pngs.map((one, at) => ({ ...one, picture: ours[at] }))).map((picture) => ({ picture })))
  for (const [at, one] of pngs.entries()) {
    const found = again[at].openbadges
    assert.deepEqual(value(found.json ?? found.jws), value(one.text), named(one))
  }
})

test('a picture that holds both standards satisfies the readers of either', () => {
  const both = Object.values(pictures).map((picture) => ({ picture, bake: { openbadges: jws, openbadgecredential: credential } }))
  for (const picture of we(both)) {
    const [old, older, modern] = they(bakers.map(({ by, keyword }) => ({ by, keyword, picture })))
    assert.equal(old, jws)
    assert.equal(older, jws)
    assert.deepEqual(value(modern), JSON.parse(credential))
  }
})

test('they verify an issued badge out of its picture, and notice that it was changed', () => {
  const text = readFileSync(join(folder, 'credential.json'), 'utf8')
  const did = JSON.parse(readFileSync(join(folder, 'did.json'), 'utf8'))
  const forged = text.replace('"name":"', '"name":"!')
  assert.notEqual(forged, text)
  const baked = we(Object.values(pictures).flatMap((picture) =>
    [text, forged].map((openbadgecredential) => ({ picture, bake: { openbadgecredential } }))))
  const verdicts = they(baked.map((picture) => ({ picture, did })))
  for (const [at, verdict] of verdicts.entries()) {
    if (at % 2 === 0) assert.deepEqual(verdict, { verified: true, issuer: did.id })
    else assert.match(verdict.error, /signature|proof/i)
  }
})

test('they verify what is downloaded from the page of an award', async () => {
  const summary = await demo()
  try {
    const get = async (url) => {
      const response = await fetch(url)
      assert.equal(response.status, 200, url)
      return Buffer.from(await response.arrayBuffer())
    }
    const { issuer } = JSON.parse(await get(`${summary.publicUrl}.json`))
    const path = issuer.id.split(':').slice(3).join('/')
    const did = JSON.parse(await get(new URL(`/${path}/did.json`, summary.publicUrl)))
    const downloaded = await Promise.all(['png', 'svg'].map((form) => get(`${summary.publicUrl}/badge.${form}`)))
    for (const verdict of they(downloaded.map((picture) => ({ picture: base64(picture), did })))) {
      assert.deepEqual(verdict, { verified: true, issuer: issuer.id })
    }
  } finally {
    await summary.stop()
  }
})
