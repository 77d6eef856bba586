// The GraphQL endpoint, judged by the protocols' own audits and by the clients that partners use.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import test, { after, before } from 'node:test'
import { GraphQLSchema, buildClientSchema, buildSchema, getIntrospectionQuery, lexicographicSortSchema, printSchema } from 'graphql'
import { serverAudits } from 'graphql-http'
import { createClient as sseClient } from 'graphql-sse'
import { createClient as wsClient } from 'graphql-ws'
import { WebSocket } from 'ws'
import { ask, demo, mutate } from './laurel.mjs'

const PATIENCE = 20_000
let summary, socketUrl
before(async () => {
  summary = await demo()
  socketUrl = summary.graphql.replace(/^http/, 'ws')
})
after(() => summary.stop())

test('the audits of GraphQL over HTTP', async (t) => {
  for (const audit of serverAudits({ url: summary.graphql })) {
    const result = await audit.fn()
    const optional = audit.name.startsWith('MAY')
    if (optional) t.diagnostic(`${result.status}: ${audit.name} ${result.reason ?? ''}`)
    else await t.test(audit.name, () => assert.equal(result.status, 'ok', result.reason))
  }
})

test('introspection tells the schema that is published', async () => {
  const options = { specifiedByUrl: true, directiveIsRepeatable: true, inputValueDeprecation: true, oneOf: true }
  const told = buildClientSchema(await ask(summary, getIntrospectionQuery(options)))
  // What speaks of the published text alone is no part of introspection.
  const notes = ['cost', 'listSize']
  const sorted = (schema) => {
    const config = schema.toConfig()
    const directives = config.directives.filter(({ name }) => !notes.includes(name))
    return printSchema(lexicographicSortSchema(new GraphQLSchema({ ...config, directives })))
  }
  const file = readFileSync(new URL('../../services/gateway/schema.graphql', import.meta.url), 'utf8')
  assert.equal(sorted(told), sorted(buildSchema(file)))
  assert.equal(await (await fetch(new URL('/schema.graphql', summary.graphql))).text(), file)
})

const events = `subscription($after: EventCursor) { awardEvents(after: $after) {
  id cursor event { __typename ... on AwardCreated { award { id } } } } }`

let people = 0
async function award() {
  people += 1
  const recipient = { email: { address: `follower-${people}@example.org` } }
  const made = await mutate(summary, 'awardCreate', 'award { id }', { badgeId: summary.badge, recipient, notify: false })
  return made.award.id
}

/** The next value, which must come in time. */
async function next(values) {
  let late
  const timeout = new Promise((_, reject) => { late = setTimeout(() => reject(new Error('no event in time')), PATIENCE) })
  try {
    const { value, done } = await Promise.race([values.next(), timeout])
    assert.ok(!done, 'the stream goes on')
    assert.equal(value.errors, undefined, JSON.stringify(value.errors))
    return value.data.awardEvents
  } finally { clearTimeout(late) }
}

const clients = {
  'graphql-ws': () => wsClient({ url: socketUrl, webSocketImpl: WebSocket, retryAttempts: 0, connectionParams: { authorization: `Bearer ${summary.token}` } }),
  'graphql-sse': () => sseClient({ url: new URL('/graphql/stream', summary.graphql).href, retryAttempts: 0, headers: { authorization: `Bearer ${summary.token}` } }),
}
for (const [name, connect] of Object.entries(clients)) {
  test(`${name} follows awards and loses none while it is away`, async () => {
    let client = connect()
    // The place to begin is that of an award made before, so that nothing depends on when the stream opens.
    const before = await award()
    let values = client.iterate({ query: events, variables: { after: null } })
    const first = next(values)
    const seen = []
    let made
    while (seen.length === 0) {
      made = await award()
      const event = await Promise.race([first, new Promise((resolve) => setTimeout(resolve, 250))])
      if (event) seen.push(event)
    }
    assert.equal(seen[0].event.__typename, 'AwardCreated')
    assert.notEqual(seen[0].event.award.id, before, 'what was before is not told')
    while (seen.at(-1).event.award.id !== made) seen.push(await next(values))
    await values.return()
    await client.dispose()

    const missed = [await award(), await award(), await award()]
    client = connect()
    values = client.iterate({ query: events, variables: { after: seen.at(-1).cursor } })
    const told = []
    for (const _ of missed) told.push(await next(values))
    assert.deepEqual(told.map((message) => message.event.award.id), missed, 'exactly what was missed, in order')
    const last = await award()
    assert.equal((await next(values)).event.award.id, last, 'and then what is new')
    assert.equal(new Set([...seen, ...told].map((message) => message.id)).size, seen.length + told.length)
    await values.return()
    await client.dispose()
  })
}

/** Says these things over a new socket; its messages and the code that it was closed with. */
function converse(said, protocol = 'graphql-transport-ws') {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(socketUrl, protocol)
    const heard = []
    const late = setTimeout(() => { socket.terminate(); reject(new Error(`not closed; heard ${JSON.stringify(heard)}`)) }, PATIENCE)
    socket.on('open', () => said.forEach((message) => socket.send(typeof message === 'string' ? message : JSON.stringify(message))))
    socket.on('message', (text) => {
      heard.push(JSON.parse(text))
      if (heard.at(-1).type === 'error') socket.close(1000)
    })
    socket.on('error', reject)
    socket.on('close', (code) => { clearTimeout(late); resolve({ code, heard }) })
  })
}

test('a socket is closed with the code that says why', async () => {
  const init = { type: 'connection_init' }
  const subscribe = { type: 'subscribe', id: '1', payload: { query: events } }
  const authorized = { ...init, payload: { authorization: `Bearer ${summary.token}` } }
  const code = async (...said) => (await converse(said)).code
  assert.equal(await code(subscribe), 4401, 'not introduced')
  assert.equal(await code({ ...init, payload: { authorization: 'Bearer wrong' } }), 4403, 'a wrong token')
  assert.equal(await code(init, init), 4429, 'introduced twice')
  assert.equal(await code(authorized, subscribe, subscribe), 4409, 'the same id twice')
  assert.equal(await code('{'), 4400, 'no JSON')
  assert.equal(await code({ type: 'start' }), 4400, 'no such message')
  assert.equal((await converse([], [])).code, 4406, 'another protocol')
  const { heard } = await converse([init, subscribe])
  assert.deepEqual(heard.map((message) => message.type), ['connection_ack', 'error'])
  assert.equal(heard[1].payload[0].extensions.code, 'UNAUTHENTICATED', 'without a token')
})

test('what asks for too much is refused for the right reason', async () => {
  const send = async ({ accept = 'application/graphql-response+json', type = 'application/json', method = 'POST', search = '', body }) => {
    const headers = { accept, ...(body !== undefined && { 'content-type': type }), authorization: `Bearer ${summary.token}` }
    const response = await fetch(summary.graphql + search, { method, headers, body })
    const { data, errors } = await response.json()
    assert.equal(data, undefined, 'nothing was run')
    return [response.status, errors[0].extensions.code]
  }
  const query = (text) => ({ body: JSON.stringify({ query: text }) })
  const repeat = (count, piece) => Array.from({ length: count }, (_, at) => piece(at)).join(' ')
  const nested = (times) => `{ earners { nodes { ${'awards { nodes { earner { '.repeat(times)}id${' }'.repeat(3 * times + 3)}`
  const cases = {
    'nested 20 deep': [query(nested(6)), 400, 'DEPTH_EXCEEDED'],
    'nested 100 deep': [query(nested(33)), 400, 'RECURSION_EXCEEDED'],
    '100 aliases': [query(`{ ${repeat(100, (at) => `a${at}: __typename`)} }`), 400, 'ALIASES_EXCEEDED'],
    '1000 aliases': [query(`{ ${repeat(1000, (at) => `a${at}: __typename`)} }`), 400, 'TOKENS_EXCEEDED'],
    '10,000 tokens': [query(`{ ${repeat(10_000, () => '__typename')} }`), 400, 'TOKENS_EXCEEDED'],
    'a body of 1 MiB': [query(`{ __typename } # ${'x'.repeat(1 << 20)}`), 413, 'BODY_TOO_LARGE'],
    'an array': [{ body: JSON.stringify([{ query: '{ __typename }' }]) }, 400, 'BATCHING_UNSUPPORTED'],
    'a mutation by GET': [{ method: 'GET', search: `?query=${encodeURIComponent('mutation { tenantCreate(input: { idempotencyKey: "k", name: "n" }) { replayed } }')}` }, 405, 'METHOD_NOT_ALLOWED'],
    'plain text': [{ ...query('{ __typename }'), type: 'text/plain' }, 415, 'UNSUPPORTED_MEDIA_TYPE'],
    'a form': [{ body: 'query={__typename}', type: 'application/x-www-form-urlencoded' }, 415, 'UNSUPPORTED_MEDIA_TYPE'],
    'a picture wanted': [{ ...query('{ __typename }'), accept: 'image/png' }, 406, 'NOT_ACCEPTABLE'],
  }
  for (const [what, [request, status, code]] of Object.entries(cases)) {
    assert.deepEqual(await send(request), [status, code], what)
  }
})
