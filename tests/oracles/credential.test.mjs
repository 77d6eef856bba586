// An award's credential, checked by an implementation that nobody here wrote.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { demoOnce, folder, freePort } from './laurel.mjs'

const script = new URL('./verify-credential.mjs', import.meta.url).pathname
const verify = (...files) => spawnSync(process.execPath, [script, ...files], { encoding: 'utf8' })

test('the demo awards what its CSV allows, and strangers can verify it', async (t) => {
  const data = folder(t)
  const port = await freePort()
  const first = demoOnce(data, port)
  assert.equal(first.rows, 200)
  assert.equal(first.awarded + first.rejected, first.rows)
  assert.ok(first.rejected >= 10, 'the CSV holds rows that are wrong on purpose')

  const verified = verify(first.credential, first.did, first.statusList)
  assert.equal(verified.status, 0, verified.stdout + verified.stderr)

  const credential = JSON.parse(readFileSync(first.credential, 'utf8'))
  const forgeries = {
    name: (c) => { c.credentialSubject.achievement.name += '!' },
    recipient: (c) => { c.credentialSubject.identifier[0].identityHash = `sha256$${'0'.repeat(64)}` },
    date: (c) => { c.validFrom = '2020-01-01T00:00:00Z' },
    status: (c) => { c.credentialStatus.statusListIndex = String((Number(c.credentialStatus.statusListIndex) + 1) % 131072) },
    dropped: (c) => { delete c.credentialStatus },
  }
  for (const [what, forge] of Object.entries(forgeries)) {
    const forged = structuredClone(credential)
    forge(forged)
    const file = join(data, `forged-${what}.json`)
    writeFileSync(file, JSON.stringify(forged))
    assert.notEqual(verify(file, first.did, first.statusList).status, 0, `a forged ${what} must not verify`)
  }

  const second = demoOnce(data, port)
  assert.deepEqual([second.rows, second.awarded, second.rejected], [first.rows, first.awarded, first.rejected])
  assert.equal(second.publicUrl, first.publicUrl, 'running it again duplicates nothing')
  assert.equal(readFileSync(second.credential, 'utf8'), JSON.stringify(credential), 'the exact bytes are served again')
})
