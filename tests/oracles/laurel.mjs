// Starts the laurel binary for tests that look at it from outside, and speaks GraphQL with it.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
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

/** A port that nobody listens on. Public URLs contain the port, so runs that must agree share one. */
export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}

/** Runs the demo once on that folder; its summary. */
export function demoOnce(data, port) {
  const options = ['demo', '--once', '--data', data, '--listen', `127.0.0.1:${port}`]
  const run = spawnSync(binary, options, { encoding: 'utf8', timeout: 60_000 })
  if (run.status !== 0) throw new Error(`demo --once ended with ${run.status}:\n${run.stderr}`)
  return JSON.parse(run.stdout)
}

/**
 * Starts the demo on a new folder, with more options: its summary with `data`, and `stop`, which must
 * end it in good order.
 */
export async function demo(...more) {
  const data = mkdtempSync(join(tmpdir(), 'laurel-'))
  const options = ['demo', '--json', '--data', data, '--listen', '127.0.0.1:0', ...more]
  const child = spawn(binary, options, { stdio: ['ignore', 'pipe', 'pipe'] })
  let complaints = ''
  child.stderr.on('data', (chunk) => { complaints += chunk })
  const ended = once(child, 'exit')
  const stop = async () => {
    child.kill('SIGTERM')
    const late = setTimeout(() => child.kill('SIGKILL'), 30_000)
    const [code, signal] = await ended
    clearTimeout(late)
    rmSync(data, { recursive: true, force: true })
    if (code !== 0) throw new Error(`the demo ended with ${code ?? signal}:\n${complaints}`)
  }
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.startsWith('{')) return { ...JSON.parse(line), data, stop }
  }
  await stop()
  throw new Error(`the demo ended early:\n${complaints}`)
}

/** The data of a GraphQL operation that must succeed, user errors included. */
export async function ask(summary, query, variables = {}, token = summary.token) {
  const response = await fetch(summary.graphql, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
    body: JSON.stringify({ query, variables }),
  })
  const { data, errors } = await response.json()
  const refused = Object.values(data ?? {}).flatMap((field) => field?.userErrors ?? [])
  if (errors || refused.length > 0) throw new Error(JSON.stringify(errors ?? refused))
  return data
}

let made = 0
/** The payload of a mutation of that name; an idempotency key is added. */
export async function mutate(summary, name, selection, input, token) {
  const type = `${name[0].toUpperCase()}${name.slice(1)}Input`
  const query = `mutation($input: ${type}!) { ${name}(input: $input) { ${selection} userErrors { ... on UserError { code message path } } } }`
  made += 1
  const keyed = name.startsWith('signIn') ? input : { idempotencyKey: `test/${made}`, ...input }
  return (await ask(summary, query, { input: keyed }, token))[name]
}

/** The paths of all sign-in links that were mailed. */
export function links(data) {
  const files = readdirSync(join(data, 'outbox'), { recursive: true }).filter((name) => name.endsWith('.eml'))
  return files.flatMap((name) => {
    const mail = readFileSync(join(data, 'outbox', name), 'utf8').replace(/=\r?\n/g, '').replaceAll('=3D', '=')
    return mail.match(/\/sign-in\/[A-Za-z0-9._-]+(\?[a-z=&]+)?/)?.slice(0, 1) ?? []
  })
}

/** The sign-in link that arrives and is not among those known. */
export async function newLink(data, known) {
  for (let turn = 0; turn < 400; turn++) {
    const fresh = links(data).find((found) => !known.includes(found))
    if (fresh) return fresh
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
  throw new Error('no mail arrived')
}
