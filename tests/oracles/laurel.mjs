// Starts the laurel binary for tests that look at it from outside.
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

export const binary = new URL('../../target/debug/laurel', import.meta.url).pathname

/** A folder that goes away at the end of the test. */
export function folder(t) {
  const path = mkdtempSync(join(tmpdir(), 'laurel-'))
  t.after(() => rmSync(path, { recursive: true, force: true }))
  return path
}

/** Runs the demo once on that folder; its summary. */
export function demoOnce(data) {
  const run = spawnSync(binary, ['demo', '--once', '--data', data, '--listen', '127.0.0.1:0'], { encoding: 'utf8' })
  if (run.status !== 0) throw new Error(`demo --once ended with ${run.status}:\n${run.stderr}`)
  return JSON.parse(run.stdout)
}

/** Starts the demo on that folder and leaves it running until the test ends; its summary. */
export async function demo(t, data) {
  const child = spawn(binary, ['demo', '--json', '--data', data, '--listen', '127.0.0.1:0'], { stdio: ['ignore', 'pipe', 'pipe'] })
  let complaints = ''
  child.stderr.on('data', (chunk) => { complaints += chunk })
  const ended = new Promise((resolve) => child.once('exit', resolve))
  t.after(async () => { child.kill('SIGTERM'); await ended })
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.startsWith('{')) return JSON.parse(line)
  }
  throw new Error(`the demo ended early:\n${complaints}`)
}
