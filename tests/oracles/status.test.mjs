// Status lists read and written by the openbadges crate and by Digital Bazaar's library.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import test from 'node:test'
import { gunzipSync, gzipSync } from 'node:zlib'
import { createCredential, createList, decodeList } from '@digitalbazaar/vc-bitstring-status-list'

const root = new URL('../../', import.meta.url).pathname
const url = 'https://issuer.example/status/1'

/** What the crate answers to each of the questions. */
function ask(questions) {
  const cargo = ['run', '--quiet', '-p', 'openbadges', '--example', 'status']
  const input = questions.map((question) => JSON.stringify(question) + '\n').join('')
  const run = spawnSync('cargo', cargo, { cwd: root, encoding: 'utf8', input, maxBuffer: 1 << 28 })
  assert.equal(run.status, 0, run.stderr)
  return run.stdout.trim().split('\n').map((line) => JSON.parse(line))
}

// The same numbers in every run (a linear congruential generator).
let seed = 2024
const below = (end) => {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
  return seed % end
}
const indexes = (count, end) => [...new Set(Array.from({ length: count }, () => below(end)))]
const cases = [0, 1, 7, 500, 20_000].flatMap((count) => [131_072, 200_000, 1_000_000].map((entries) =>
  ({ set: [...new Set([...indexes(count, entries), ...(count > 1 ? [0, entries - 1] : [])])], entries })))
const entry = (index) => ({
  id: `${url}#${index}`,
  type: 'BitstringStatusListEntry',
  statusPurpose: 'revocation',
  statusListIndex: String(index),
  statusListCredential: url,
})

test('their library reads our lists', async () => {
  const answers = ask(cases)
  for (const [number, { set, entries }] of cases.entries()) {
    const list = await decodeList({ encodedList: answers[number] })
    assert.equal(list.length, entries)
    const found = Array.from({ length: entries }, (_, index) => index).filter((index) => list.getStatus(index))
    assert.deepEqual(found, [...set].sort((a, b) => a - b))
    assert.throws(() => list.getStatus(entries), /out of range/)
  }
})

test('we read the lists of their library', async () => {
  const questions = []
  const expected = []
  for (const { set, entries } of cases) {
    const bits = await createList({ length: entries })
    for (const index of set) bits.setStatus(index, true)
    const list = await createCredential({ id: url, list: bits, statusPurpose: 'revocation' })
    for (const index of [...set.slice(0, 20), ...indexes(20, entries)]) {
      questions.push({ entry: entry(index), list })
      expected.push(Number(bits.getStatus(index)))
    }
    questions.push({ entry: entry(entries), list })
    expected.push({ error: 'https://www.w3.org/TR/vc-data-model#RANGE_ERROR' })
  }
  assert.deepEqual(ask(questions), expected)
})

test('both refuse what is no list; we also refuse what is too short and what goes on after its end', async () => {
  const good = await (await createList({ length: 131_072 })).encode()
  const bytes = Buffer.from(good.slice(1), 'base64url')
  const written = (buffer) => `u${buffer.toString('base64url')}`
  const bad = {
    'no multibase': good.slice(1),
    'no gzip': written(gunzipSync(bytes)),
    'cut short': written(bytes.subarray(0, 20)),
    'another check sum': written(Buffer.concat([bytes.subarray(0, -8), Buffer.alloc(4, 1), bytes.subarray(-4)])),
  }
  const ours = {
    'too short': await (await createList({ length: 100_000 })).encode(),
    'two members': written(Buffer.concat([bytes, gzipSync(Buffer.alloc(16_384, 0xff))])),
    'more bytes': written(Buffer.concat([bytes, Buffer.from('more')])),
  }
  const list = (encodedList) => ({
    id: url,
    type: ['VerifiableCredential', 'BitstringStatusListCredential'],
    credentialSubject: { type: 'BitstringStatusList', statusPurpose: 'revocation', encodedList },
  })
  const all = { good, ...bad, ...ours }
  const answers = ask(Object.values(all).map((encoded) => ({ entry: entry(5), list: list(encoded) })))
  for (const [number, name] of Object.keys(all).entries()) {
    if (name === 'good') assert.equal(answers[number], 0)
    else assert.match(answers[number].error ?? '', /MALFORMED_VALUE_ERROR|STATUS_LIST_LENGTH_ERROR/, name)
  }
  for (const [name, encodedList] of Object.entries(bad)) {
    await assert.rejects(decodeList({ encodedList }), undefined, name)
  }
})
